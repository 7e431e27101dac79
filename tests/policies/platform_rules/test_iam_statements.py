from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from training_policies.platform_rules.iam_statements import UnreadableDocumentError, statements


@given(st.text())
def test_a_text_that_is_no_document_has_no_statement(text: str):
    with suppress(UnreadableDocumentError):
        assert statements(text)
