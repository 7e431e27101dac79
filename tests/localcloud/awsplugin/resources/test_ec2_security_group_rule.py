from __future__ import annotations

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
CHANGE = {"description": "to all", "fromPort": 80, "tags": {}}


def rule(group: str) -> Properties:
    return {
        "securityGroupId": group,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "10.0.0.0/16",
        "description": "to the endpoints",
        "tags": TAGS,
    }


def test_a_rule_of_what_comes_in_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    plugin.assert_lifecycle(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        rule(plugin.security_group(vpc)),
        change=CHANGE,
        replace={"securityGroupId": plugin.security_group(vpc)},
    )


def test_a_rule_of_what_goes_out_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    vpc = plugin.vpc()
    plugin.assert_lifecycle(
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        rule(plugin.security_group(vpc)),
        change=CHANGE,
        replace={"securityGroupId": plugin.security_group(vpc)},
    )


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/40"}, "not a valid CIDR"),
        (
            {"ipProtocol": "-1", "cidrIpv4": "10.0.0.0/8", "prefixListId": "pl-1"},
            "exactly one of",
        ),
    ],
)
def test_a_wrong_target_is_refused_before_anything_is_made(
    plugin: Plugin, target: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(EGRESS, {"securityGroupId": "sg-1", **target})
