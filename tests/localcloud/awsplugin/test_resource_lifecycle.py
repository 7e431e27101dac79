from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Timer
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import UNKNOWN, Properties
from localcloud.awsplugin.provider_settings import ProviderSettings
from localcloud.awsplugin.resource_lifecycle import delete, diff
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin.plugin import NO_CHANGE, REGION, TRUST, Plugin, RefusedError

ROLE = "aws:iam/role:Role"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
INTERFACE = {"vpcEndpointType": "Interface"}
PARAMETER = "aws:ssm/parameter:Parameter"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
Aws = Callable[[str], Any]
Kind = provider_pb2.PropertyDiff.Kind


def test_a_resource_can_live_in_another_region(plugin: Plugin) -> None:
    vpc = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})
    assert ":eu-west-1:" in vpc.state["arn"]
    moved = plugin.diff(vpc, {"cidrBlock": "10.0.0.0/16"})
    assert moved.detailedDiff["region"].kind == Kind.UPDATE_REPLACE


def test_a_resource_with_a_prefix_gets_a_name_of_its_own_and_keeps_it(plugin: Plugin) -> None:
    inputs = {"assumeRolePolicy": TRUST, "namePrefix": "runs-"}
    first, second = plugin.create(ROLE, inputs), plugin.create(ROLE, inputs)
    assert first.id.startswith("runs-")
    assert first.id != second.id
    assert plugin.diff(first, inputs).changes == NO_CHANGE
    assert plugin.refresh(first) == first


def test_a_preview_knows_what_the_program_says_and_not_what_aws_will_say(plugin: Plugin) -> None:
    planned = plugin.preview(ROLE, {"assumeRolePolicy": TRUST}, "runner")
    assert planned["arn"] is UNKNOWN
    assert planned["name"].startswith("runner-")
    assert planned["path"] == "/"


def test_a_preview_takes_unknown_inputs(plugin: Plugin) -> None:
    inputs = {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "tags": {"a": UNKNOWN}}
    planned = plugin.preview(SUBNET, inputs)
    assert planned["vpcId"] is UNKNOWN
    assert planned["tagsAll"] is UNKNOWN


def test_an_unknown_value_of_what_cannot_change_replaces(plugin: Plugin) -> None:
    vpc = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16"})
    expected = plugin.diff(vpc, {"cidrBlock": UNKNOWN})
    assert expected.detailedDiff["cidrBlock"].kind == Kind.UPDATE_REPLACE
    assert not expected.deleteBeforeReplace


@pytest.mark.parametrize(
    ("token", "state", "inputs", "replaced"),
    [
        (RULE, {"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv4": "10.1.0.0/16"}, set()),
        (RULE, {"cidrIpv4": "10.0.0.0/8"}, {"cidrIpv6": "::/0"}, {"cidrIpv4", "cidrIpv6"}),
        (ENDPOINT, INTERFACE, {**INTERFACE, "privateDnsEnabled": True}, set()),
        (ENDPOINT, {}, {"privateDnsEnabled": True}, {"privateDnsEnabled"}),
        (SUBNET, {}, {"ipv6CidrBlock": "2001:db8::/64"}, set()),
        (
            SUBNET,
            {"assignIpv6AddressOnCreation": True},
            {"assignIpv6AddressOnCreation": True, "ipv6CidrBlock": "2001:db8::/64"},
            {"ipv6CidrBlock"},
        ),
        (PARAMETER, {"tier": "Standard"}, {"tier": "Advanced"}, set()),
        (PARAMETER, {"tier": "Advanced"}, {"tier": "Standard"}, {"tier"}),
    ],
)
def test_whether_a_change_replaces_may_depend_on_the_rest(
    token: str, state: Properties, inputs: Properties, replaced: set[str]
) -> None:
    kind = RESOURCE_TYPES[token]
    same = {name: "same" for name in kind.replaces if "." not in name}
    found, _ = diff(
        kind, {**same, **kind.defaults, **state}, {**same, **kind.defaults, **inputs}, []
    )
    assert {item.pattern for item, replaces in found.items() if replaces} == replaced


def test_a_given_name_makes_the_old_go_before_the_new_comes(plugin: Plugin) -> None:
    named = plugin.create(ROLE, {"assumeRolePolicy": TRUST, "name": "given"})
    made = plugin.create(ROLE, {"assumeRolePolicy": TRUST})
    inputs = {"assumeRolePolicy": TRUST, "path": "/ml/"}
    assert plugin.diff(named, {**inputs, "name": "given"}).deleteBeforeReplace
    assert not plugin.diff(named, {**inputs, "name": "other"}).deleteBeforeReplace
    assert not plugin.diff(made, inputs).deleteBeforeReplace


def test_changes_to_be_ignored_are(plugin: Plugin) -> None:
    vpc = plugin.create(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "1", "b": "1"}})
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "2", "b": "1"}}
    assert plugin.diff(vpc, inputs, ignore=("tags", "tagsAll")).changes == NO_CHANGE
    assert set(plugin.diff(vpc, inputs, ignore=("tagsAll",)).detailedDiff) == {"tags.a"}


def test_what_changed_outside_the_program_is_seen_and_corrected(plugin: Plugin, aws: Aws) -> None:
    inputs = {"assumeRolePolicy": TRUST, "description": "runs jobs", "tags": {"team": "research"}}
    role = plugin.create(ROLE, inputs)
    aws("iam").update_role(RoleName=role.id, Description="edited by hand")
    aws("iam").tag_role(RoleName=role.id, Tags=[{"Key": "stray", "Value": "1"}])
    refreshed = plugin.refresh(role)
    assert refreshed is not None
    assert refreshed.inputs["description"] == "edited by hand"
    assert set(plugin.diff(refreshed, inputs).detailedDiff) == {
        "description",
        "tags.stray",
        "tagsAll.stray",
    }
    plugin.update(refreshed, inputs)
    assert plugin.refresh(refreshed) == refreshed
    assert plugin.diff(refreshed, inputs).changes == NO_CHANGE


def test_a_resource_is_imported_by_its_id(plugin: Plugin) -> None:
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}
    imported = plugin.import_(VPC, plugin.create(VPC, inputs).id)
    assert imported is not None
    assert imported.inputs["cidrBlock"] == "10.0.0.0/16"
    assert imported.inputs["tags"] == {"a": "b"}
    assert not imported.inputs.keys() & RESOURCE_TYPES[VPC].outputs
    assert plugin.diff(imported, inputs).changes == NO_CHANGE
    assert plugin.import_(VPC, "vpc-missing") is None


def test_a_creation_that_fails_half_way_leaves_nothing_behind(plugin: Plugin, aws: Aws) -> None:
    rule = {"protocol": "tcp", "fromPort": 1, "toPort": 2, "securityGroups": ["sg-missing"]}
    inputs = {"vpcId": plugin.vpc(), "name": "half-made", "ingress": [rule]}
    with pytest.raises(RefusedError, match=r"InvalidGroup\.NotFound"):
        plugin.create("aws:ec2/securityGroup:SecurityGroup", inputs)
    filters = [{"Name": "group-name", "Values": ["half-made"]}]
    assert aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"] == []


def test_a_deletion_fails_if_a_part_is_gone_and_the_resource_is_not() -> None:
    def part_is_gone(*_: Any) -> None:
        raise AwsError("DeletePart", "NoSuchEntity", "there is no such part")

    settings = ProviderSettings(region=REGION, endpoints={}, default_endpoint="")
    kind = replace(RESOURCE_TYPES[ROLE], delete=part_is_gone, read=lambda *_: {})
    with pytest.raises(AwsError, match="no such part"):
        delete(kind, Cloud(settings), "one", {})
    delete(replace(kind, read=lambda *_: None), Cloud(settings), "one", {})


def test_a_subnet_and_a_group_are_deleted_as_soon_as_nothing_uses_them(
    plugin: Plugin, aws: Aws
) -> None:
    vpc, ec2 = plugin.vpc(), aws("ec2")
    subnet = plugin.create(SUBNET, {"vpcId": vpc, "cidrBlock": "10.0.9.0/28"})
    group = plugin.create("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc})
    made = ec2.create_network_interface(SubnetId=subnet.id, Groups=[group.id])["NetworkInterface"]
    for used in (subnet, group):
        with pytest.raises(RefusedError, match="DependencyViolation"):
            plugin.delete(used, seconds=0.1)
    interface = made["NetworkInterfaceId"]
    Timer(0.6, lambda: ec2.delete_network_interface(NetworkInterfaceId=interface)).start()
    for used in (subnet, group):
        plugin.delete(used)
        assert plugin.refresh(used) is None
