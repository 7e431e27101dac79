"""The network's controls, read from AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.network.network_documents import (
    flow_log_policy,
    flow_log_trust,
    interface_endpoint_policy,
    s3_endpoint_policy,
)
from components.network.subnets import plan_subnets
from tests.integration.full_platform.conftest import Platform
from tests.integration.full_platform.options import CIDR, INPUTS, SITE, TAGS, ZONES
from toolchain.environment import REGION

pytestmark = [pytest.mark.integration, pytest.mark.deep]

PLAN = plan_subnets(CIDR, ZONES, "per-zone")
ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def ec2(platform: Platform) -> Any:
    return platform.client("ec2")


@pytest.fixture
def of_vpc(platform: Platform) -> dict[str, Any]:
    """The argument that asks for what lies in the stack's VPC."""
    return {"Filters": [{"Name": "vpc-id", "Values": [platform.outputs["vpc_id"]]}]}


@pytest.fixture
def private(platform: Platform) -> list[str]:
    return list(platform.outputs["private_subnet_ids"])


def test_the_vpc_has_the_range_of_the_settings(platform: Platform, ec2: Any):
    [vpc] = ec2.describe_vpcs(VpcIds=[platform.outputs["vpc_id"]])["Vpcs"]
    assert (vpc["CidrBlock"], vpc["InstanceTenancy"]) == (CIDR, "default")
    assert tags_of(vpc).items() >= TAGS.items()


def test_each_zone_has_a_private_subnet_in_its_own_slot(ec2: Any, private: list[str]):
    found = ec2.describe_subnets(SubnetIds=private)["Subnets"]
    by_zone = {each["AvailabilityZone"]: each["CidrBlock"] for each in found}
    assert by_zone == {each.zone: each.private for each in PLAN}
    assert not any(each["MapPublicIpOnLaunch"] for each in found)
    assert all(tags_of(each).items() >= TAGS.items() for each in found)


def test_no_private_subnet_has_a_route_to_an_internet_gateway(
    ec2: Any, of_vpc: dict[str, Any], private: list[str]
):
    tables = {each: routes_of(ec2, of_vpc, each) for each in private}
    for routes in tables.values():
        assert not any(each.get("GatewayId", "").startswith("igw-") for each in routes)
        [out] = [each for each in routes if each.get("DestinationCidrBlock") == ANYWHERE]
        assert out["NatGatewayId"].startswith("nat-")


def test_the_main_route_table_leads_nowhere(ec2: Any, of_vpc: dict[str, Any]):
    tables = ec2.describe_route_tables(**of_vpc)["RouteTables"]
    [main] = [each for each in tables if any(a.get("Main") for a in each["Associations"])]
    assert [each["GatewayId"] for each in main["Routes"]] == ["local"]


def test_each_zone_has_a_nat_gateway_of_its_own_in_a_public_subnet(
    ec2: Any, of_vpc: dict[str, Any]
):
    gateways = ec2.describe_nat_gateways(Filter=of_vpc["Filters"])["NatGateways"]
    subnets = ec2.describe_subnets(SubnetIds=[each["SubnetId"] for each in gateways])["Subnets"]
    assert {each["AvailabilityZone"]: each["CidrBlock"] for each in subnets} == {
        each.zone: each.public for each in PLAN
    }
    assert not any(each["MapPublicIpOnLaunch"] for each in subnets)


def test_nothing_but_nat_gateways_is_in_a_public_subnet(
    ec2: Any, of_vpc: dict[str, Any], private: list[str]
):
    interfaces = ec2.describe_network_interfaces(**of_vpc)["NetworkInterfaces"]
    public = [each for each in interfaces if each["SubnetId"] not in private]
    gateways = ec2.describe_nat_gateways(Filter=of_vpc["Filters"])["NatGateways"]
    addresses = [address for each in gateways for address in each["NatGatewayAddresses"]]
    assert {each["NetworkInterfaceId"] for each in public} == {
        each["NetworkInterfaceId"] for each in addresses
    }


def test_the_default_security_group_is_empty(ec2: Any, of_vpc: dict[str, Any]):
    groups = ec2.describe_security_groups(**of_vpc)["SecurityGroups"]
    [default] = [each for each in groups if each["GroupName"] == "default"]
    assert (default["IpPermissions"], default["IpPermissionsEgress"]) == ([], [])


def test_the_jobs_security_group_has_these_rules_and_no_other(platform: Platform, ec2: Any):
    training = platform.outputs["training_security_group_id"]
    endpoints = endpoint_group(ec2, platform)
    s3 = [{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    [prefix_list] = ec2.describe_managed_prefix_lists(Filters=s3)["PrefixLists"]
    assert rules_of(ec2, training) == {
        ("in", "-1", -1, training),
        ("out", "-1", -1, training),
        ("out", "tcp", 443, prefix_list["PrefixListId"]),
        ("out", "tcp", 443, endpoints),
        ("out", "tcp", 443, ANYWHERE),  # NAT was asked for
    }


def test_the_endpoints_security_group_lets_only_the_jobs_in(platform: Platform, ec2: Any):
    training = platform.outputs["training_security_group_id"]
    assert rules_of(ec2, endpoint_group(ec2, platform)) == {("in", "tcp", 443, training)}


def test_every_private_subnet_reaches_s3_through_the_endpoint(
    ec2: Any, of_vpc: dict[str, Any], private: list[str]
):
    endpoint = the_endpoint(ec2, of_vpc, "s3")
    tables = {table_of(ec2, of_vpc, each)["RouteTableId"] for each in private}
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert set(endpoint["RouteTableIds"]) == tables


def test_the_s3_endpoint_leads_only_to_the_artifacts_and_inputs(
    platform: Platform, ec2: Any, of_vpc: dict[str, Any]
):
    document = json.loads(the_endpoint(ec2, of_vpc, "s3")["PolicyDocument"])
    bucket = f"arn:aws:s3:::{platform.outputs['artifact_bucket_name']}"
    assert document == s3_endpoint_policy(SITE, bucket, [INPUTS], image_layers=True)
    assert all("*" not in each["Resource"] for each in document["Statement"])


@pytest.mark.parametrize("service", ["logs", "ecr.dkr"])
def test_an_interface_endpoint_serves_only_the_account(
    platform: Platform, ec2: Any, of_vpc: dict[str, Any], private: list[str], service: str
):
    endpoint = the_endpoint(ec2, of_vpc, service)
    assert endpoint["VpcEndpointType"] == "Interface"
    assert endpoint["PrivateDnsEnabled"] is True
    assert set(endpoint["SubnetIds"]) == set(private)
    assert [each["GroupId"] for each in endpoint["Groups"]] == [endpoint_group(ec2, platform)]
    assert json.loads(endpoint["PolicyDocument"]) == interface_endpoint_policy(SITE)


def test_there_is_no_other_endpoint(ec2: Any, of_vpc: dict[str, Any]):
    found = ec2.describe_vpc_endpoints(**of_vpc)["VpcEndpoints"]
    assert len(found) == 3


def test_the_traffic_is_recorded_encrypted_and_kept_as_long_as_asked(platform: Platform, ec2: Any):
    by_vpc = [{"Name": "resource-id", "Values": [platform.outputs["vpc_id"]]}]
    [flow_log] = ec2.describe_flow_logs(Filters=by_vpc)["FlowLogs"]
    assert (flow_log["TrafficType"], flow_log["LogDestinationType"]) == ("ALL", "cloud-watch-logs")
    [group] = [
        each
        for each in platform.client("logs").describe_log_groups()["logGroups"]
        if each["arn"].removesuffix(":*") == flow_log["LogDestination"].removesuffix(":*")
    ]
    assert group["kmsKeyId"] == platform.outputs["artifact_key_arn"]
    assert group["retentionInDays"] == 90
    arn = group["arn"].removesuffix(":*")
    tags = platform.client("logs").list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags.items() >= TAGS.items()


def test_flow_logs_write_only_to_their_log_group(platform: Platform, ec2: Any):
    by_vpc = [{"Name": "resource-id", "Values": [platform.outputs["vpc_id"]]}]
    [flow_log] = ec2.describe_flow_logs(Filters=by_vpc)["FlowLogs"]
    iam, role = platform.client("iam"), flow_log["DeliverLogsPermissionArn"].rpartition("/")[2]
    found = iam.get_role(RoleName=role)["Role"]
    assert found["AssumeRolePolicyDocument"] == flow_log_trust(SITE)
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    assert policy == flow_log_policy(flow_log["LogDestination"])


def test_everything_in_the_network_carries_the_stacks_tags(platform: Platform, ec2: Any):
    pages = ec2.get_paginator("describe_tags").paginate()
    tags: dict[str, dict[str, str]] = {}
    for each in (tag for page in pages for tag in page["Tags"]):
        tags.setdefault(each["ResourceId"], {})[each["Key"]] = each["Value"]
    made = [each for each in platform.stack.resources() if each["type"].startswith(_NETWORK)]
    ids = [each["id"] for each in made if not each["type"].startswith(_WITHOUT_TAGS)]
    assert len(ids) > 25
    assert [each for each in ids if not tags.get(each, {}).items() >= TAGS.items()] == []


_NETWORK = ("aws:ec2/", "aws:vpc/")
_WITHOUT_TAGS = (
    "aws:ec2/route:",
    "aws:ec2/routeTableAssociation:",
    "aws:ec2/vpcEndpointRouteTableAssociation:",
)


def table_of(ec2: Any, of_vpc: dict[str, Any], subnet: str) -> Any:
    tables = ec2.describe_route_tables(**of_vpc)["RouteTables"]
    [table] = [
        each for each in tables if any(a.get("SubnetId") == subnet for a in each["Associations"])
    ]
    return table


def routes_of(ec2: Any, of_vpc: dict[str, Any], subnet: str) -> list[dict[str, Any]]:
    return list(table_of(ec2, of_vpc, subnet)["Routes"])


def the_endpoint(ec2: Any, of_vpc: dict[str, Any], service: str) -> Any:
    found = ec2.describe_vpc_endpoints(**of_vpc)["VpcEndpoints"]
    [endpoint] = [each for each in found if each["ServiceName"].endswith(f".{REGION}.{service}")]
    return endpoint


def endpoint_group(ec2: Any, platform: Platform) -> str:
    name = [{"Name": "tag:Name", "Values": [f"{platform.prefix}-network-groups-endpoints"]}]
    [group] = ec2.describe_security_groups(Filters=name)["SecurityGroups"]
    return str(group["GroupId"])


def rules_of(ec2: Any, group: str) -> set[tuple[str, str, int, str]]:
    """Each rule's direction, protocol, port and other end."""
    by_group = [{"Name": "group-id", "Values": [group]}]
    found = ec2.describe_security_group_rules(Filters=by_group)["SecurityGroupRules"]
    return {
        (
            "out" if each["IsEgress"] else "in",
            each["IpProtocol"],
            each.get("FromPort", -1),
            each.get("ReferencedGroupInfo", {}).get("GroupId")
            or each.get("PrefixListId")
            or each["CidrIpv4"],
        )
        for each in found
    }


def tags_of(described: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in described.get("Tags", [])}
