"""The table of what the local cloud does names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parents[1] / "docs" / "local-cloud.md"


def test_every_test_that_the_table_names_exists():
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text()))
    defined = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(), re.MULTILINE)
    }

    assert named <= defined
    assert len(named) > 30
