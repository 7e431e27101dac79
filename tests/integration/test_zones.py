"""The zones of a stack's network, and the instance types that they lack, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
SUBNET = "aws:ec2/subnet:Subnet"


def test_a_job_of_a_type_that_a_zone_lacks_moves_no_subnet_and_the_preview_says_so(
    new_stack: NewStack,
):
    stack = new_stack(stack_with(launch=False, work=counting_job()))
    stack.settings["network"] = {"availabilityZones": 2}
    assert "EC2 does not offer" not in stack.up().succeeded().text
    stack.settings["jobs"]["work"]["instanceType"] = "ml.p4de.24xlarge"

    previewed = stack.preview().succeeded()

    assert previewed.operations(SUBNET) == []
    assert (
        'network.availabilityZones: ["us-east-1a", "us-east-1b"] — EC2 does not offer '
        "ml.p4de.24xlarge in us-east-1a, so its jobs find capacity only in us-east-1b. Remedy: "
        "name zones that offer the types of all jobs, as [us-east-1b, us-east-1c]."
    ) in " ".join(previewed.text.split())

    stack.settings["network"] = {"availabilityZones": ["us-east-1c", "us-east-1b"]}
    moved = stack.up().succeeded()
    assert sorted(moved.operations(SUBNET)) == ["create", "delete"]
    assert "EC2 does not offer" not in moved.text
