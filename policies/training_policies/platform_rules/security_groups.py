"""Security groups that are open only to what they name."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation, shown

_WIDEST_PREFIX = {4: 8, 6: 32}
"""The bits of a range, by IP version, below which it is a large part of the internet."""

_UNIQUE_LOCAL = ipaddress.IPv6Network("fd00::/8")

_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
_GROUP = "aws:ec2/securityGroup:SecurityGroup"
_SINGLE = ("cidrIpv4", "cidrIpv6")
_SEVERAL = ("cidrBlocks", "ipv6CidrBlocks")


@dataclass(frozen=True)
class Opening:
    """A rule that lets traffic pass: which way, from or to which ranges, on which ports."""

    outward: bool
    ranges: list[Any]
    ports: tuple[Any, Any]


def openings(resource: Resource) -> Iterator[Opening]:
    """The rules that a resource makes, whichever of the ways to write them it takes."""
    values = resource.read()
    if resource.type in (_INGRESS, _EGRESS):
        yield _opening(values, resource.type == _EGRESS)
    elif resource.type == _RULE:
        yield _opening(values, values.get("type") != "ingress")
    else:
        for direction in ("ingress", "egress"):
            rules = values.get(direction)
            for rule in rules if isinstance(rules, list) else ():
                yield _opening(rule if isinstance(rule, dict) else {}, direction == "egress")


def _opening(rule: dict[str, Any], outward: bool) -> Opening:
    ranges = [rule[each] for each in _SINGLE if each in rule]
    for name in _SEVERAL:
        listed = rule.get(name, [])
        ranges += listed if isinstance(listed, list) else [listed]
    everything = rule.get("ipProtocol", rule.get("protocol")) in ("-1", "all", -1)
    ports = (rule.get("fromPort", MISSING), rule.get("toPort", MISSING))
    return Opening(outward, ranges, (MISSING, MISSING) if everything else ports)


def is_open(range_: Any) -> bool:
    """Whether a range is the internet, or a large part of it.

    One that can't be read counts as open; one that isn't known yet is judged when it is.
    """
    if range_ is UNKNOWN:
        return False
    try:
        network = ipaddress.ip_network(str(range_), strict=False)
    except ValueError:
        return True
    return network.prefixlen < _WIDEST_PREFIX[network.version] and not _is_private(network)


def _is_private(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether a range is of IPv6's unique local addresses, which no one routes on the internet."""
    return isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_UNIQUE_LOCAL)


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    for opening in openings(resource):
        wide = [each for each in opening.ranges if is_open(each)]
        first, last = opening.ports
        let_out = opening.outward and first == last and first in parameters["egressPorts"]
        if wide and not let_out:
            yield Violation(
                f"a security group that is open {'to' if opening.outward else 'from'} anywhere",
                "data leaves that way" if opening.outward else "everyone can try to connect",
                f"{', '.join(map(shown, wide))} on {_ports(opening)}",
                _allowed(opening, parameters),
            )


def _ports(opening: Opening) -> str:
    first, last = opening.ports
    if first is MISSING and last is MISSING:
        return "every port"
    return f"port {shown(first)}" if first == last else f"ports {shown(first)} to {shown(last)}"


def _allowed(opening: Opening, parameters: Parameters) -> str:
    named = "groups, prefix lists and private ranges"
    ports = parameters["egressPorts"] if opening.outward else []
    return f"{named}, and anywhere on port {' or '.join(map(str, ports))}" if ports else named


SECURITY_GROUPS = Policy(
    name="vpc-security-groups",
    checks="no security group is open from anywhere, or to anywhere except on the allowed ports",
    severity="high",
    controls=[
        security_hub("EC2.18"),
        security_hub("EC2.19"),
        checkov("CKV_AWS_277"),
        checkov("CKV_AWS_382"),
        nist("SC-7"),
    ],
    remedy="name the groups, prefix lists or private ranges that are meant",
    parameters={
        "egressPorts": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0, "maximum": 65535},
            "default": [],
            "description": "Single ports on which jobs may reach anywhere.",
        }
    },
    applies=of_types(_INGRESS, _EGRESS, _RULE, _GROUP),
    judge=_judge,
)
