"""The stacks of two teams in one account and region, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.integration.engine import Stack
from toolchain.layout import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NAMESPACE = "sagemaker-training"


def test_two_teams_stacks_stand_side_by_side_and_go_one_by_one(
    own_cloud: str, new_stack: Callable[..., Stack]
):
    research, vision = (
        new_stack(settings_in(f"Pulumi.{name}.yaml"), url=own_cloud)
        for name in ("research-prod", "vision-dev")
    )
    research.up().succeeded()
    vision.up().succeeded()
    assert arns_of(research)
    assert arns_of(vision)
    assert arns_of(research) & arns_of(vision) == set()
    for stack in (research, vision):
        [job] = stack.outputs()["training_jobs"].values()
        assert job["status"] == "NotLaunched"
        assert job["cost_ceiling_usd"] > 0

    vision.destroy().succeeded()
    buckets = [each["Name"] for each in research.client("s3").list_buckets()["Buckets"]]
    assert buckets == [research.outputs()["artifact_bucket_name"]]
    refreshed = research.refresh().succeeded()
    assert refreshed.changes == {}
    assert research.up().succeeded().changes == {}


def settings_in(name: str) -> dict[str, Any]:
    """The settings of a stack file of the checkout."""
    config = yaml.safe_load((CHECKOUT / name).read_text())["config"]
    prefix = f"{NAMESPACE}:"
    return {k.removeprefix(prefix): v for k, v in config.items() if k.startswith(prefix)}


def arns_of(stack: Stack) -> set[str]:
    """What AWS calls the stack's resources."""
    outputs = (each.get("outputs", {}) for each in stack.resources())
    return {each["arn"] for each in outputs if isinstance(each.get("arn"), str)}
