from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import resource, violations
from training_policies.platform_rules.security_groups import SECURITY_GROUPS, is_open

NAMED = "groups, prefix lists and private ranges"


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_range_is_open_exactly_when_it_is_a_large_part_of_the_internet(
    address: ipaddress.IPv4Address, bits: int
):
    assert is_open(f"{address}/{bits}") is (bits < 8)


@given(st.text())
def test_a_range_that_cant_be_read_counts_as_open(range_: str):
    try:
        ipaddress.ip_network(range_, strict=False)
    except ValueError:
        assert is_open(range_)


def test_private_ranges_of_ipv6_are_not_open():
    assert not is_open("fd00::/8")
    assert not is_open("fd12:3456::/16")
    assert is_open("fc00::/7")
    assert is_open("2000::/3")


@pytest.mark.parametrize(
    ("direction", "rule", "asked", "allowed"),
    [
        ("ingress", {"protocol": "tcp", "fromPort": 22, "toPort": 22}, "port 22", NAMED),
        ("ingress", {"protocol": "tcp", "fromPort": 0, "toPort": 99}, "ports 0 to 99", NAMED),
        (
            "egress",
            {"protocol": "-1", "fromPort": 0, "toPort": 0},
            "every port",
            f"{NAMED}, and anywhere on port 53 or 443",
        ),
    ],
)
def test_an_open_group_is_refused_with_its_range_and_its_ports(
    direction: str, rule: dict[str, Any], asked: str, allowed: str
):
    group = resource(
        "aws:ec2/securityGroup:SecurityGroup", {direction: [rule | {"cidrBlocks": ["0.0.0.0/0"]}]}
    )
    [found] = violations(SECURITY_GROUPS, group, {"egressPorts": [53, 443]})
    assert (found.asked, found.allowed) == (f"0.0.0.0/0 on {asked}", allowed)
