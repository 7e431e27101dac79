from __future__ import annotations

import pytest

from tests.localcloud.awsplugin.plugin import OTHER_TAGS, TAGS, Plugin, RefusedError

GROUP = "aws:ec2/securityGroup:SecurityGroup"


def test_a_group_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/securityGroup:SecurityGroup",
        {"vpcId": plugin.vpc(), "tags": TAGS},
        change={"tags": OTHER_TAGS},
        replace={"description": "another"},
    )


def test_a_group_with_its_rules_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    to_all = {"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["10.0.0.0/8"]}
    to_two = ["10.0.0.0/8", "11.0.0.0/8"]
    plugin.assert_lifecycle(
        "aws:ec2/securityGroup:SecurityGroup",
        {
            "vpcId": plugin.vpc(),
            "ingress": [{"protocol": "tcp", "fromPort": 1, "toPort": 2, "self": True}],
            "egress": [to_all],
        },
        change={
            "egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": to_two}]
        },
        replace={"name": "another"},
    )


def test_a_default_group_lives_as_long_as_its_vpc(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        {"vpcId": plugin.vpc(), "tags": TAGS},
        change={"tags": OTHER_TAGS},
        replace={"vpcId": plugin.vpc()},
        stays=True,
    )


def test_a_group_that_an_endpoint_uses_stays(plugin: Plugin) -> None:
    vpc = plugin.vpc(enableDnsHostnames=True)
    subnet = plugin.subnet(vpc)
    group = plugin.create(GROUP, {"vpcId": vpc}, "training")
    plugin.create(
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {
            "vpcId": vpc,
            "serviceName": "com.amazonaws.us-east-1.sts",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": [subnet],
            "securityGroupIds": [group.id],
        },
    )
    with pytest.raises(RefusedError) as caught:
        plugin.delete(group, seconds=0.1)
    assert str(caught.value).startswith(
        "deleting aws:ec2/securityGroup:SecurityGroup (training): DeleteSecurityGroup: "
        f"DependencyViolation: resource {group.id} has a dependent object"
    )
    assert plugin.refresh(group) is not None


def test_a_group_that_anothers_rule_names_stays(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    named = plugin.create(GROUP, {"vpcId": vpc})
    plugin.create(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {
            "securityGroupId": plugin.security_group(vpc),
            "referencedSecurityGroupId": named.id,
            "ipProtocol": "-1",
        },
    )
    with pytest.raises(RefusedError, match="DependencyViolation"):
        plugin.delete(named, seconds=0.1)
