"""The previews that the mutation tests break are still those of the platform."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.policies.mutation.record import FOLDER, first_preview, outline, platforms


@pytest.mark.integration
@pytest.mark.deep
@pytest.mark.parametrize("name", ["dev", "full"])
def test_the_recorded_previews_have_what_the_platform_has(
    own_cloud: str, new_stack: Callable[..., Stack], name: str
):
    preview: dict[str, Any] = first_preview(name, new_stack(platforms()[name], url=own_cloud))
    recorded = json.loads((FOLDER / f"{name}-first.json").read_text())
    advice = "run `python -m tests.policies.mutation.record`, and see what the policies say of it"
    assert outline(preview) == outline(recorded), advice
