"""A stack in an existing VPC, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Result, Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[..., Stack]


@pytest.fixture
def stack(new_stack: NewStack) -> Stack:
    return new_stack(stack_with(work=counting_job(), wait=True))


class Vpc:
    """A VPC with a private and a public subnet, made by hand."""

    def __init__(self, ec2: Any) -> None:
        self._ec2 = ec2
        self.id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.private = self.subnet("10.9.0.0/24")
        self.public = self.subnet("10.9.1.0/24")
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(VpcId=self.id, InternetGatewayId=gateway)
        self.gateway = gateway
        table = ec2.create_route_table(VpcId=self.id)["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        ec2.associate_route_table(RouteTableId=table, SubnetId=self.public)

    def subnet(self, cidr: str) -> str:
        return str(self._ec2.create_subnet(VpcId=self.id, CidrBlock=cidr)["Subnet"]["SubnetId"])

    def used_by(self, stack: Stack, *subnets: str) -> None:
        existing = {"vpcId": self.id, "subnetIds": list(subnets)}
        stack.settings["network"] = {"existing": existing}


def test_jobs_run_in_an_existing_vpc_that_stays_as_it_is(stack: Stack):
    ec2 = stack.client("ec2")
    vpc = Vpc(ec2)
    vpc.used_by(stack, vpc.private)
    stack.up().succeeded()
    outputs = stack.outputs()
    assert (outputs["vpc_id"], outputs["private_subnet_ids"]) == (vpc.id, [vpc.private])
    [job] = stack.jobs("work")
    assert job["VpcConfig"] == {
        "Subnets": [vpc.private],
        "SecurityGroupIds": [outputs["training_security_group_id"]],
    }
    assert not [each for each in stack.resources() if each["type"] == "aws:ec2/vpc:Vpc"]
    assert stack.up().succeeded().changes == {}

    stack.destroy().succeeded()
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])["Subnets"]
    assert {each["SubnetId"] for each in subnets} == {vpc.private, vpc.public}
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc.id]}])
    assert [each["GroupName"] for each in groups["SecurityGroups"]] == ["default"]


def test_a_subnet_that_is_public_or_elsewhere_is_refused_at_preview(stack: Stack):
    ec2 = stack.client("ec2")
    vpc, another = Vpc(ec2), Vpc(ec2)
    vpc.used_by(stack, vpc.private, vpc.public, another.private, "subnet-0123456789abcdef0")
    reported = words_of(stack.preview().failed())
    for position, value, rule in (
        (1, vpc.public, f"is public: its traffic leaves through {vpc.gateway}"),
        (2, another.private, f"belongs to {another.id}, not to {vpc.id}"),
        (3, "subnet-0123456789abcdef0", "no such subnet exists"),
    ):
        assert f'network.existing.subnetIds.{position}: "{value}" — {rule}' in reported
    assert reported.count("Remedy: name one of the VPC's private subnets") == 3
    assert "subnetIds.0" not in reported
    assert "Traceback" not in reported


def words_of(result: Result) -> str:
    return " ".join(result.text.split())
