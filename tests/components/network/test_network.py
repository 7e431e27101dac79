from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from components.network.endpoints import EndpointService
from components.network.network import Network
from components.network.network_documents import interface_endpoint_policy, s3_endpoint_policy
from components.network.network_settings import ExistingVpcSettings, NetworkSettings
from components.network.subnets import Nat
from components.training_job.settings.job_needs import JobNeeds
from tests.components.file_systems import file_system
from tests.components.network.networks import ARGS, BUCKET, EGRESS, INGRESS, KEY, ZONES, network
from tests.components.recording import ACCOUNT, REGION, SITE, Recorded, Recording, record

EXISTING = ExistingVpcSettings(vpc_id="vpc-1", subnet_ids=["subnet-1", "subnet-2"])
TRAINING = "net-groups-training-id"
ENDPOINTS = "net-groups-endpoints-id"


@pytest.fixture(scope="module")
def default() -> Recording:
    return network()


@pytest.fixture(scope="module")
def with_endpoints() -> Recording:
    return network(interface_endpoints=["logs", "ecr.dkr"])


@pytest.fixture(scope="module")
def existing() -> Recording:
    return network(existing=EXISTING, zones=[])


def without(recorded: Recorded, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in recorded.inputs.items() if key not in keys}


def test_an_isolated_network_has_no_way_to_the_internet(default: Recording):
    assert default.types == {
        "cloudwatch/logGroup:LogGroup",
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "ec2/flowLog:FlowLog",
        "ec2/routeTable:RouteTable",
        "ec2/routeTableAssociation:RouteTableAssociation",
        "ec2/securityGroup:SecurityGroup",
        "ec2/subnet:Subnet",
        "ec2/vpc:Vpc",
        "ec2/vpcEndpoint:VpcEndpoint",
        "ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "iam/role:Role",
        "iam/rolePolicy:RolePolicy",
        INGRESS,
        EGRESS,
    }
    assert not any("routes" in each.inputs for each in default.of("ec2/routeTable:RouteTable"))


def test_no_rule_of_an_isolated_network_names_an_open_range(with_endpoints: Recording):
    rules = [*with_endpoints.of(INGRESS), *with_endpoints.of(EGRESS)]
    assert not any("cidrIpv4" in rule.inputs or "cidrIpv6" in rule.inputs for rule in rules)


def test_the_vpc_resolves_names_and_shares_hardware(default: Recording):
    vpc = default.the("ec2/vpc:Vpc").inputs
    assert vpc["cidrBlock"] == "10.64.0.0/16"
    assert vpc["enableDnsSupport"] is True
    assert vpc["enableDnsHostnames"] is True
    assert vpc["instanceTenancy"] == "default"


def test_each_zone_has_one_private_subnet_in_its_slot(default: Recording):
    subnets = default.of("ec2/subnet:Subnet")
    placed = {each.inputs["availabilityZone"]: each.inputs["cidrBlock"] for each in subnets}
    assert placed == {ZONES[0]: "10.64.0.0/19", ZONES[1]: "10.64.32.0/19"}


def test_a_third_zone_changes_nothing_that_is_there(default: Recording):
    grown = network(zones=[*ZONES, f"{REGION}c"])
    before = {(each.name, str(each.inputs)) for each in default.of("ec2/subnet:Subnet")}
    after = {(each.name, str(each.inputs)) for each in grown.of("ec2/subnet:Subnet")}
    assert before < after


def test_the_default_group_of_the_vpc_is_empty(default: Recording):
    group = default.the("ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_every_private_subnet_reaches_s3_through_the_gateway_endpoint(default: Recording):
    endpoint = default.the("ec2/vpcEndpoint:VpcEndpoint")
    assert endpoint.inputs["serviceName"] == f"com.amazonaws.{REGION}.s3"
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert "routeTableIds" not in endpoint.inputs
    reached = default.of("ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation")
    assert {(each.inputs["vpcEndpointId"], each.inputs["routeTableId"]) for each in reached} == {
        ("net-s3-id", "net-private-a-id"),
        ("net-s3-id", "net-private-b-id"),
    }
    routed = default.of("ec2/routeTableAssociation:RouteTableAssociation")
    assert {each.inputs["subnetId"]: each.inputs["routeTableId"] for each in routed} == {
        "net-private-a-id": "net-private-a-id",
        "net-private-b-id": "net-private-b-id",
    }


def test_the_gateway_endpoint_leads_to_the_artifacts_and_the_inputs_only():
    inputs = ["s3://data/train/"]
    document = (
        network(needs=JobNeeds(input_prefixes=inputs)).the("ec2/vpcEndpoint:VpcEndpoint").document()
    )
    assert document == s3_endpoint_policy(SITE, BUCKET, inputs)


def test_the_gateway_endpoint_leads_to_the_further_buckets():
    document = network(s3_buckets=["hub"]).the("ec2/vpcEndpoint:VpcEndpoint").document()
    assert document == s3_endpoint_policy(SITE, BUCKET, further_buckets=["hub"])


def test_the_gateway_endpoint_leads_to_image_layers_where_images_come_through_the_vpc(
    with_endpoints: Recording,
):
    document = with_endpoints.the("ec2/vpcEndpoint:VpcEndpoint", "-s3").document()
    assert document == s3_endpoint_policy(SITE, BUCKET, image_layers=True)


def test_instances_of_a_job_talk_freely_with_each_other_in_and_out(default: Recording):
    freely = {
        "securityGroupId": TRAINING,
        "referencedSecurityGroupId": TRAINING,
        "ipProtocol": "-1",
    }
    assert without(default.the(INGRESS), "description") == freely
    assert without(default.the(EGRESS, "-to-itself"), "description") == freely


def test_instances_of_a_job_reach_s3_over_https(default: Recording):
    assert without(default.the(EGRESS, "-to-s3"), "description") == {
        "securityGroupId": TRAINING,
        "prefixListId": f"prefix-list-of-com.amazonaws.{REGION}.s3",
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }


def test_instances_of_a_job_reach_nothing_else(default: Recording):
    names = {rule.name.removeprefix("net-groups-training-") for rule in default.of(EGRESS)}
    assert names == {"to-itself", "to-s3"}
    assert len(default.of(INGRESS)) == 1


def test_a_security_group_has_no_rules_of_its_own_beside_those_that_are_named(default: Recording):
    group = default.the("ec2/securityGroup:SecurityGroup").inputs
    assert not {"ingress", "egress"} & set(group)


def test_an_interface_endpoint_is_in_every_private_subnet(with_endpoints: Recording):
    endpoint = with_endpoints.the("ec2/vpcEndpoint:VpcEndpoint", "net-ecr-dkr")
    assert without(endpoint, "policy", "tags") == {
        "vpcId": "net-id",
        "vpcEndpointType": "Interface",
        "serviceName": f"com.amazonaws.{REGION}.ecr.dkr",
        "subnetIds": ["net-private-a-id", "net-private-b-id"],
        "securityGroupIds": [ENDPOINTS],
        "privateDnsEnabled": True,
    }
    assert endpoint.document() == interface_endpoint_policy(SITE)


def test_an_interface_endpoint_is_only_in_the_zones_that_its_service_is_in():
    services = {"ecr.dkr": EndpointService([ZONES[1], f"{REGION}d"])}
    recording = network(interface_endpoints=["ecr.dkr", "logs"], services=services)
    limited = recording.the("ec2/vpcEndpoint:VpcEndpoint", "net-ecr-dkr")
    assert limited.inputs["subnetIds"] == ["net-private-b-id"]
    assert limited.document() == interface_endpoint_policy(SITE)
    other = recording.the("ec2/vpcEndpoint:VpcEndpoint", "net-logs")
    assert other.inputs["subnetIds"] == ["net-private-a-id", "net-private-b-id"]


def test_an_interface_endpoint_whose_service_takes_no_policy_has_none():
    services = {"redshift-data": EndpointService(ZONES, takes_policy=False)}
    recording = network(interface_endpoints=["redshift-data"], services=services)
    endpoint = recording.the("ec2/vpcEndpoint:VpcEndpoint", "net-redshift-data")
    assert "policy" not in endpoint.inputs
    assert endpoint.inputs["subnetIds"] == ["net-private-a-id", "net-private-b-id"]


def test_interface_endpoints_answer_the_jobs_over_https_and_call_no_one(with_endpoints: Recording):
    assert without(with_endpoints.the(INGRESS, "-endpoints-from-training"), "description") == {
        "securityGroupId": ENDPOINTS,
        "referencedSecurityGroupId": TRAINING,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    assert without(with_endpoints.the(EGRESS, "-to-endpoints"), "description") == {
        "securityGroupId": TRAINING,
        "referencedSecurityGroupId": ENDPOINTS,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
    }
    assert {rule.inputs["securityGroupId"] for rule in with_endpoints.of(EGRESS)} == {TRAINING}


def test_flow_logs_record_all_traffic_encrypted_and_for_a_year(default: Recording):
    group = default.the("cloudwatch/logGroup:LogGroup")
    assert (group.inputs["kmsKeyId"], group.inputs["retentionInDays"]) == (KEY, 365)
    log = default.the("ec2/flowLog:FlowLog").inputs
    assert (log["trafficType"], log["vpcId"]) == ("ALL", "net-id")
    assert log["logDestinationType"] == "cloud-watch-logs"
    assert log["logDestination"].endswith(":net-flow-logs-id")


def test_flow_logs_are_kept_as_long_as_the_settings_say():
    group = network(flow_log_days=90).the("cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 90


def test_the_role_of_flow_logs_writes_to_their_log_group_only(default: Recording):
    document = default.the("iam/rolePolicy:RolePolicy").document()
    group = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:net-flow-logs-id"
    written = [each for each in document["Statement"] if each["Sid"] == "WriteFlowLogs"]
    assert [each["Resource"] for each in written] == [[group, f"{group}:log-stream:*"]]


def test_recording_starts_after_the_role_may_write(default: Recording):
    log, policy = default.the("ec2/flowLog:FlowLog"), default.the("iam/rolePolicy:RolePolicy")
    assert default.depends(log, policy)


def test_in_an_existing_vpc_only_a_security_group_is_made(existing: Recording):
    assert existing.types == {"ec2/securityGroup:SecurityGroup", INGRESS, EGRESS}
    assert existing.the("ec2/securityGroup:SecurityGroup").inputs["vpcId"] == "vpc-1"
    assert existing.outputs["sagemaker-training:index:Network"] == {
        "vpc_id": "vpc-1",
        "private_subnet_ids": ["subnet-1", "subnet-2"],
        "training_security_group_id": TRAINING,
        "s3_endpoint_id": "",
    }


def test_the_endpoints_of_an_existing_vpc_are_reached_through_their_group():
    place = EXISTING.model_copy(
        update={"endpoint_group_id": "sg-theirs", "s3_endpoint_id": "vpce-1"}
    )
    recording = network(existing=place)
    rule = recording.the(EGRESS, "-to-endpoints").inputs
    assert rule["referencedSecurityGroupId"] == "sg-theirs"
    assert recording.outputs["sagemaker-training:index:Network"]["s3_endpoint_id"] == "vpce-1"


@pytest.mark.parametrize("nat", ["none", "per-zone"])
def test_a_job_waits_for_every_part_of_the_network(nat: Nat):
    made: list[Network] = []
    settings = NetworkSettings(nat=nat, interface_endpoints=["logs"])
    args = dataclasses.replace(ARGS, settings=settings)
    recording = record(lambda: made.append(Network("net", args)))
    resources = [each for each in recording.resources if each.type.startswith("aws:")]
    assert len(set(made[0].dependencies)) == len(made[0].dependencies) == len(resources)
    assert not any(isinstance(each, pulumi.ComponentResource) for each in made[0].dependencies)


def test_the_outputs_name_what_a_job_needs(default: Recording):
    assert default.outputs["sagemaker-training:index:Network"] == {
        "vpc_id": "net-id",
        "private_subnet_ids": ["net-private-a-id", "net-private-b-id"],
        "training_security_group_id": TRAINING,
        "s3_endpoint_id": "net-s3-id",
    }


EFS = file_system("fs-0123456789abcdef0", "EFS", "sg-efs")
LUSTRE = file_system("fs-0123456789abcdef1", "FSxLustre", "sg-lustre")


def ports_to(recording: Recording, kind: str, group: str) -> set[tuple[int, int]]:
    """The port ranges of the jobs' rules that name a group."""
    rules = [
        each.inputs for each in recording.of(kind) if each.inputs["securityGroupId"] == TRAINING
    ]
    named = [rule for rule in rules if rule.get("referencedSecurityGroupId") == group]
    return {(rule["fromPort"], rule["toPort"]) for rule in named}


@pytest.mark.parametrize("existing_vpc", [False, True])
def test_jobs_reach_a_file_system_only_on_its_own_ports(existing_vpc: bool):
    place: dict[str, Any] = {"existing": EXISTING, "zones": []} if existing_vpc else {}
    with_both = network(needs=JobNeeds(file_systems=[EFS, LUSTRE]), **place)
    assert ports_to(with_both, EGRESS, "sg-efs") == {(2049, 2049)}
    assert ports_to(with_both, INGRESS, "sg-efs") == set()
    assert ports_to(with_both, EGRESS, "sg-lustre") == {(988, 988), (1018, 1023)}
    assert ports_to(with_both, INGRESS, "sg-lustre") == {(988, 988), (1018, 1023)}


def test_two_directories_of_one_group_share_its_rules():
    twice = network(needs=JobNeeds(file_systems=[EFS, file_system("fs-2", "EFS", "sg-efs")]))
    assert len(twice.of(EGRESS)) == len(network().of(EGRESS)) + 1
