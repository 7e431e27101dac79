"""The platform of this project under the policy pack, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development.layout import CHECKOUT
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
PACK = ("--policy-pack", str(CHECKOUT / "policies"))


def test_a_compliant_stack_passes_its_first_preview_and_one_above_its_quota_does_not(
    new_stack: NewStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stack = new_stack(stack_with(work=counting_job()))
    configure(stack.settings["team"], tmp_path, monkeypatch)
    assert "policyEvent" not in str(stack.preview(*PACK).succeeded().events)

    stack.settings["jobs"]["work"] |= {"instanceCount": 3}
    refused = stack.preview(*PACK).failed()
    told = " ".join(refused.text.split())
    assert "the number of instances of" in told
    assert "asked 3, allowed 2" in told
    assert "Remedy: lower instanceCount." in told
    assert not stack.resources()


def configure(team: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configuration with quotas for one team in dev."""
    quota = {"all": {"instancesPerJob": 2, "spotOnly": True}, "families": {"m5": {}}}
    file = folder / "configuration.json"
    file.write_text(json.dumps({"teams": {team: {"dev": quota}}}))
    monkeypatch.setenv("TRAINING_POLICIES_CONFIGURATION", str(file))
