from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.network.existing_network import existing_network_problems
from components.network.network_settings import ExistingVpcSettings
from components.problems import Problem
from tests.components.recording import REGION

NETWORK = ExistingVpcSettings(vpc_id="vpc-1", subnet_ids=["subnet-1"])
SUBNET = {
    "SubnetId": "subnet-1",
    "VpcId": "vpc-1",
    "MapPublicIpOnLaunch": False,
    "AvailableIpAddressCount": 251,
}
MAIN = {"Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]}
TO_INTERNET = [{"GatewayId": "local"}, {"GatewayId": "igw-1"}]


def problems(
    subnet: dict[str, Any] | None = None,
    tables: list[dict[str, Any]] | None = None,
    instances: int = 2,
    efa: bool = False,
) -> list[Problem]:
    described = [SUBNET | (subnet or {})]
    return existing_network_problems(NETWORK, described, tables or [MAIN], instances, efa=efa)


def test_a_private_subnet_of_the_vpc_is_accepted():
    assert problems() == []


def test_a_subnet_that_does_not_exist_is_refused_by_its_place_in_the_settings():
    network = ExistingVpcSettings(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"])
    (problem,) = existing_network_problems(network, [SUBNET], [MAIN], 2)
    assert (problem.path, problem.value) == ("subnetIds.1", "subnet-2")
    assert "no such subnet exists" in problem.rule


def test_a_subnet_of_another_vpc_is_refused_with_the_vpc_that_it_belongs_to():
    (problem,) = problems({"VpcId": "vpc-2"})
    assert problem.rule == "belongs to vpc-2, not to vpc-1"


def test_a_subnet_with_a_route_to_the_internet_is_refused():
    table = {"Associations": [{"SubnetId": "subnet-1"}], "Routes": TO_INTERNET}
    (problem,) = problems(tables=[MAIN, table])
    assert problem.rule == "is public: its traffic leaves through igw-1"


def test_a_subnet_without_a_route_table_of_its_own_uses_the_main_one():
    (problem,) = problems(tables=[{**MAIN, "Routes": TO_INTERNET}])
    assert "is public" in problem.rule


def test_a_subnets_own_route_table_counts_and_not_the_main_one():
    own = {"Associations": [{"SubnetId": "subnet-1"}], "Routes": [{"NatGatewayId": "nat-1"}]}
    assert problems(tables=[{**MAIN, "Routes": TO_INTERNET}, own]) == []


def test_a_subnet_that_gives_out_public_addresses_is_refused():
    (problem,) = problems({"MapPublicIpOnLaunch": True})
    assert problem.rule == "gives public addresses to what is created in it"


@pytest.mark.parametrize(("efa", "needed"), [(False, 8), (True, 20)])
def test_a_subnet_too_full_for_the_largest_job_is_refused(efa: bool, needed: int):
    (problem,) = problems({"AvailableIpAddressCount": needed - 1}, instances=4, efa=efa)
    assert f"has {needed - 1} free addresses" in problem.rule
    assert f"takes {needed}" in problem.rule
    assert problems({"AvailableIpAddressCount": needed}, instances=4, efa=efa) == []


@mock_aws
def test_the_answers_are_read_as_ec2_gives_them():
    ec2 = boto3.client("ec2", REGION, aws_access_key_id="test", aws_secret_access_key="test")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]

    def found() -> list[Problem]:
        return existing_network_problems(
            ExistingVpcSettings(vpc_id=vpc, subnet_ids=[subnet]),
            ec2.describe_subnets(SubnetIds=[subnet])["Subnets"],
            ec2.describe_route_tables(Filters=of_vpc)["RouteTables"],
            largest_job=2,
        )

    assert found() == []
    table = ec2.describe_route_tables(Filters=of_vpc)["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert [problem.rule for problem in found()] == [
        f"is public: its traffic leaves through {gateway}"
    ]
