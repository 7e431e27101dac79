"""Interface endpoints where not every service is, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import stack_with
from toolchain.environment import REGION

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]


def test_endpoints_are_made_where_their_services_are_and_with_the_policies_that_they_take(
    new_stack: NewStack,
):
    stack = new_stack(stack_with())
    endpoints = ["ecr.dkr", "logs", "redshift-data"]
    stack.settings["network"] = {"availabilityZones": 6, "interfaceEndpoints": endpoints}
    stack.up().succeeded()
    ec2 = stack.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=stack.outputs()["private_subnet_ids"])["Subnets"]
    zones = {each["SubnetId"]: each["AvailabilityZone"][-1] for each in subnets}
    of_vpc = [{"Name": "vpc-id", "Values": [stack.outputs()["vpc_id"]]}]
    made = {
        each["ServiceName"].removeprefix(f"com.amazonaws.{REGION}."): each
        for each in ec2.describe_vpc_endpoints(Filters=of_vpc)["VpcEndpoints"]
    }
    assert {
        name: "".join(sorted(zones[subnet] for subnet in made[name]["SubnetIds"]))
        for name in endpoints
    } == {"ecr.dkr": "abcdf", "logs": "abcdef", "redshift-data": "abcdf"}
    limited = {name for name in endpoints if "aws:PrincipalAccount" in made[name]["PolicyDocument"]}
    assert limited == {"ecr.dkr", "logs"}
    assert stack.up().succeeded().changes == {}


def test_an_endpoint_of_a_service_that_the_region_lacks_is_refused_at_preview(new_stack: NewStack):
    stack = new_stack(stack_with())
    stack.settings["network"] = {"interfaceEndpoints": ["logs", "codeartifact.api"]}
    result = stack.preview("--config", "aws:region=us-west-1").failed()
    assert (
        'network.interfaceEndpoints.1: "codeartifact.api" — is not offered as an interface '
        "endpoint in us-west-1"
    ) in " ".join(result.text.split())
    assert [each for each in stack.resources() if each["type"].startswith("aws:")] == []
