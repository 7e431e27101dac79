from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "referencedSecurityGroupId"
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


@pytest.mark.parametrize("kind", ["cidrIpv4", "cidrIpv6", "prefixListId", GROUP])
def test_the_other_end_changes_in_place_unless_it_is_of_another_kind(
    plugin: Plugin, aws: Callable[[str], Any], kind: str
) -> None:
    group = plugin.security_group(plugin.vpc())
    ends = {
        "cidrIpv4": ("10.0.0.0/16", "10.1.0.0/16"),
        "cidrIpv6": ("2001:db8::/64", "2001:db8:1::/64"),
        "prefixListId": tuple(prefix_lists(aws("ec2"))[:2]),
        GROUP: (group, plugin.security_group(plugin.vpc())),
    }
    rest = {key: value for key, value in rule(group).items() if key != "cidrIpv4"}
    first, second = ends.pop(kind)
    made = plugin.create(EGRESS, {**rest, kind: first})

    assert list(plugin.diff(made, {**rest, kind: second}).replaces) == []
    assert plugin.update(made, {**rest, kind: second})[kind] == second
    refreshed = plugin.refresh(made)
    assert refreshed is not None
    assert refreshed.state[kind] == second
    for other, (end, _) in ends.items():
        assert set(plugin.diff(made, {**rest, other: end}).replaces) == {kind, other}


def prefix_lists(ec2: Any) -> list[str]:
    found = ec2.describe_managed_prefix_lists()["PrefixLists"]
    return [each["PrefixListId"] for each in found]


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
