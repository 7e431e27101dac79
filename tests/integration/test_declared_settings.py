"""The keys that Pulumi.yaml declares, as the real engine takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]


def test_a_stack_of_nothing_but_its_team_has_the_defaults(new_stack: NewStack):
    preview = new_stack({}).preview().succeeded()
    for part in ("ArtifactStore", "Network", "ExecutionRole", "Alerts"):
        assert f"sagemaker-training:index:{part}" in preview.text
    assert "sagemaker-training:index:DeployerRole" not in preview.text


def test_false_leaves_out_a_section_and_a_part_of_one_keeps_the_others_defaults(
    new_stack: NewStack,
):
    settings = {
        "alerts": False,
        "deployer": False,
        "tracking": False,
        "network": {"availabilityZones": 1},
    }
    preview = new_stack(settings).preview().succeeded()
    assert "sagemaker-training:index:Alerts" not in preview.text
    assert "network-private-a" in preview.text
    assert "network-private-b" not in preview.text


@pytest.mark.parametrize(
    ("key", "value", "reported"),
    [
        ("enableTrainingJob", "perhaps", "must be of type 'boolean'"),
        ("artifacts", "none", "must be of type 'object'"),
        ("alerts", "loud", "alerts"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_name_of_its_key(
    new_stack: NewStack, key: str, value: Any, reported: str
):
    refused = new_stack({key: value}).preview().failed()
    assert key in refused.text
    assert reported in refused.text
    assert "Traceback" not in refused.text
