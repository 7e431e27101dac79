"""Rules of a security group, each a resource of its own."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from functools import partial
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    changed,
    ec2_tags,
    present,
    tag_map,
    update_ec2_tags,
)

_ALL = "-1"
_TARGETS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_HIGHEST_PORT = 65535


def _failures(inputs: Properties) -> Iterator[Failure]:
    given = [name for name in _TARGETS if inputs.get(name)]
    if len(given) > 1:
        yield Failure(given[0], f"exactly one of {', '.join(_TARGETS)} must be set, got {given}")
    for name, parse in (("cidrIpv4", ipaddress.IPv4Network), ("cidrIpv6", ipaddress.IPv6Network)):
        try:
            parse(inputs.get(name) or ("0.0.0.0/0" if name == "cidrIpv4" else "::/0"))
        except ValueError as error:
            yield Failure(name, f"{inputs[name]!r} is not a valid CIDR block: {error}")
    for name in ("fromPort", "toPort"):
        port = inputs.get(name)
        if isinstance(port, int) and not -1 <= port <= _HIGHEST_PORT:
            yield Failure(
                name, f"expected {name} to be in the range (-1 - {_HIGHEST_PORT}), got {port}"
            )


def _permission(inputs: Properties) -> dict[str, Any]:
    said = present(Description=inputs.get("description"))
    every = str(inputs["ipProtocol"]) == _ALL
    ports = {} if every else present(FromPort=inputs.get("fromPort"), ToPort=inputs.get("toPort"))
    permission = {"IpProtocol": str(inputs["ipProtocol"]), **ports}
    if inputs.get("cidrIpv4"):
        permission["IpRanges"] = [{"CidrIp": inputs["cidrIpv4"], **said}]
    if inputs.get("cidrIpv6"):
        permission["Ipv6Ranges"] = [{"CidrIpv6": inputs["cidrIpv6"], **said}]
    if inputs.get("prefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **said}]
    if inputs.get("referencedSecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": inputs["referencedSecurityGroupId"], **said}]
    return permission


def _create(side: str, cloud: Cloud, inputs: Properties) -> str:
    authorize = getattr(cloud.client("ec2"), f"authorize_security_group_{side}")
    answer = authorize(
        GroupId=inputs["securityGroupId"],
        IpPermissions=[_permission(inputs)],
        **ec2_tags("security-group-rule", inputs),
    )
    return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def _modify(cloud: Cloud, identity: str, inputs: Properties) -> None:
    ports = present(FromPort=inputs.get("fromPort", -1), ToPort=inputs.get("toPort", -1))
    rule = present(
        IpProtocol=str(inputs["ipProtocol"]),
        CidrIpv4=inputs.get("cidrIpv4"),
        CidrIpv6=inputs.get("cidrIpv6"),
        PrefixListId=inputs.get("prefixListId"),
        ReferencedGroupId=inputs.get("referencedSecurityGroupId"),
    )
    rule["Description"] = inputs.get("description", "")
    cloud.client("ec2").modify_security_group_rules(
        GroupId=inputs["securityGroupId"],
        SecurityGroupRules=[
            {"SecurityGroupRuleId": identity, "SecurityGroupRule": {**rule, **ports}}
        ],
    )


def _settle(cloud: Cloud, identity: str, inputs: Properties) -> None:
    # The local endpoint forgets the description of a rule whose other end is not an address.
    if inputs.get("description") and not inputs.get("cidrIpv4"):
        _modify(cloud, identity, inputs)


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    answer = cloud.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[identity])
    if not answer["SecurityGroupRules"]:
        return None
    rule = answer["SecurityGroupRules"][0]
    every = rule["IpProtocol"] == _ALL
    ports = {
        "fromPort": previous.get("fromPort") if every else rule.get("FromPort"),
        "toPort": previous.get("toPort") if every else rule.get("ToPort"),
    }
    return {
        **ports,
        "arn": cloud.arn("ec2", f"security-group-rule/{identity}"),
        "securityGroupRuleId": identity,
        "securityGroupId": rule["GroupId"],
        "ipProtocol": rule["IpProtocol"],
        "cidrIpv4": rule.get("CidrIpv4"),
        "cidrIpv6": rule.get("CidrIpv6"),
        "prefixListId": rule.get("PrefixListId"),
        "referencedSecurityGroupId": (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
        "description": rule.get("Description") or previous.get("description"),
        "tagsAll": tag_map(rule.get("Tags")),
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    if changed(state, inputs, "ipProtocol", "fromPort", "toPort", "description", *_TARGETS):
        _modify(cloud, identity, inputs)
    update_ec2_tags(cloud, identity, state, inputs)


def _delete(side: str, cloud: Cloud, identity: str, state: Properties) -> None:
    revoke = getattr(cloud.client("ec2"), f"revoke_security_group_{side}")
    revoke(GroupId=state["securityGroupId"], SecurityGroupRuleIds=[identity])


_MEMBERS = {
    "": "IpPermissions",
    "securityGroupId": "GroupId",
    "description": "IpPermissions.IpRanges.Description",
    "cidrIpv4": "IpPermissions.IpRanges.CidrIp",
    "cidrIpv6": "IpPermissions.Ipv6Ranges.CidrIpv6",
    "prefixListId": "IpPermissions.PrefixListIds.PrefixListId",
    "referencedSecurityGroupId": "IpPermissions.UserIdGroupPairs.GroupId",
    "tags": "TagSpecifications.Tags",
}


def _other_kind(state: Properties, inputs: Properties) -> frozenset[str]:
    """The other ends of the rule, if it is to have one of another kind: EC2 can't change that."""
    old, new = ({name for name in _TARGETS if given.get(name)} for given in (state, inputs))
    return frozenset(old ^ new)


def _rule_type(token: str, side: str) -> ResourceType:
    return ResourceType(
        type=token,
        # The rules of both directions have their schema in one file.
        source="ec2/vpc_security_group_ingress_rule.go",
        calls=(Call("ec2", f"AuthorizeSecurityGroup{side.capitalize()}", _MEMBERS),),
        create=partial(_create, side),
        settle=_settle,
        read=_read,
        update=_update,
        delete=partial(_delete, side),
        gone=names(
            "InvalidSecurityGroupRuleId.NotFound InvalidPermission.NotFound InvalidGroup.NotFound"
        ),
        validate=_failures,
        required=names("ipProtocol securityGroupId"),
        replaces=names("securityGroupId"),
        replaces_if=_other_kind,
        outputs=names("arn securityGroupRuleId"),
        tagged=True,
    )


TYPES = (
    _rule_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "ingress"),
    _rule_type("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "egress"),
)
