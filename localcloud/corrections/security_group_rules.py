"""Changes of security group rules, of which moto makes only those to IPv4 addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def correct() -> None:
    """Makes moto's EC2 change a rule of each kind, and refuse to change the kind."""
    from moto.ec2.models import EC2Backend

    modify = EC2Backend.modify_security_group_rules
    EC2Backend.modify_security_group_rules = _of_every_kind(modify)


def _of_every_kind(operation: Callable[..., None]) -> Callable[..., None]:
    def modify(ec2: Any, group_id: str, rules: dict[str, dict[str, Any]]) -> None:
        group = ec2.get_security_group_by_name_or_id(group_id)
        found = {name: group.get_rule(name) for name in rules} if group else {}
        for name, rule in found.items():
            if rule is not None:
                _check_kind(name, rule, rules[name])
        operation(ec2, group_id, rules)
        for name, rule in found.items():
            _set_other_end(rule, rules[name])

    return modify


def _check_kind(name: str, rule: Any, change: dict[str, Any]) -> None:
    from moto.ec2.exceptions import InvalidParameterValue

    kinds = {
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "ReferencedGroupId": rule.source_group,
    }
    for kind, value in kinds.items():
        if kind in change and not value:
            message = (
                f"Invalid rule type for security group rule '{name}'. "
                f"You may not specify {kind} for an existing rule of another type."
            )
            raise InvalidParameterValue(message)


def _set_other_end(rule: Any, change: dict[str, Any]) -> None:
    """Sets what moto forgets: every other end but an IPv4 address."""
    if "CidrIpv6" in change:
        rule.ip_range["CidrIpv6"] = change["CidrIpv6"]
    if "PrefixListId" in change:
        rule.prefix_list_id = change["PrefixListId"]
    if "ReferencedGroupId" in change:
        rule.source_group["GroupId"] = change["ReferencedGroupId"]
