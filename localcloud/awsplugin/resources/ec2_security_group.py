"""Security groups, the VPC's default one included, with the rules written inside them."""

from __future__ import annotations

from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    ec2_tags,
    every,
    present,
    reports,
    tag_map,
    update_ec2_tags,
)

_GONE = "InvalidGroup.NotFound"
_SIDES = ("ingress", "egress")
_RULE_LISTS = "cidrBlocks ipv6CidrBlocks prefixListIds securityGroups"


def _permission(group: str, rule: Properties) -> dict[str, Any]:
    """A rule written inside a group as the API's permission."""
    said = present(Description=rule.get("description"))
    groups = [*(rule.get("securityGroups") or ()), *([group] if rule.get("self") else ())]
    every = str(rule.get("protocol")) in {"-1", "all"}
    ports = {} if every else {"FromPort": rule.get("fromPort"), "ToPort": rule.get("toPort")}
    return {
        "IpProtocol": "-1" if every else str(rule.get("protocol")),
        **ports,
        "IpRanges": [{"CidrIp": cidr, **said} for cidr in rule.get("cidrBlocks") or ()],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **said} for cidr in rule.get("ipv6CidrBlocks") or ()],
        "PrefixListIds": [{"PrefixListId": i, **said} for i in rule.get("prefixListIds") or ()],
        "UserIdGroupPairs": [{"GroupId": i, **said} for i in groups],
    }


def _inline_rules(group: str, permissions: list[dict[str, Any]]) -> list[Properties]:
    """The API's permissions as rules written inside the group, one a description."""
    rules: dict[tuple[Any, ...], Properties] = {}

    def rule_for(permission: dict[str, Any], item: dict[str, Any]) -> Properties:
        description = item.get("Description", "")
        ports = (permission.get("FromPort", 0), permission.get("ToPort", 0))
        if permission["IpProtocol"] == "-1":
            ports = (0, 0)
        key = (permission["IpProtocol"], *ports, description)
        blank = {"protocol": key[0], "fromPort": ports[0], "toPort": ports[1], "self": False}
        return rules.setdefault(key, {**blank, "description": description})

    for permission in permissions:
        for source, field, name in (
            ("IpRanges", "CidrIp", "cidrBlocks"),
            ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
            ("PrefixListIds", "PrefixListId", "prefixListIds"),
            ("UserIdGroupPairs", "GroupId", "securityGroups"),
        ):
            for item in permission.get(source) or ():
                rule = rule_for(permission, item)
                if item[field] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(item[field])
    return list(rules.values())


def _group(cloud: Cloud, identity: str) -> dict[str, Any]:
    answer = cloud.client("ec2").describe_security_groups(GroupIds=[identity])
    return dict(answer["SecurityGroups"][0])


def _replace_rules(cloud: Cloud, identity: str, side: str, rules: list[Properties]) -> None:
    """Makes `rules` the group's only rules on that side."""
    ec2, group = cloud.client("ec2"), _group(cloud, identity)
    current = group["IpPermissions" if side == "ingress" else "IpPermissionsEgress"]
    wanted = [_permission(identity, rule) for rule in rules]
    if current:
        revoke = getattr(ec2, f"revoke_security_group_{side}")
        revoke(GroupId=identity, IpPermissions=current)
    if wanted:
        authorize = getattr(ec2, f"authorize_security_group_{side}")
        authorize(GroupId=identity, IpPermissions=wanted)


def _create(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_security_group(
        GroupName=inputs["name"],
        Description=inputs["description"],
        **present(VpcId=inputs.get("vpcId")),
        **ec2_tags("security-group", inputs),
    )
    return str(answer["GroupId"])


def _settle(cloud: Cloud, identity: str, inputs: Properties) -> None:
    # AWS lets a new group reach everything; the provider takes that away.
    for side in _SIDES:
        _replace_rules(cloud, identity, side, inputs.get(side) or [])


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    group = _group(cloud, identity)
    return {
        **_described(group),
        **{
            side: rules if reports(cloud, previous, side) else []
            for side, rules in _all_rules(identity, group).items()
        },
        "revokeRulesOnDelete": previous.get("revokeRulesOnDelete", False),
    }


def _all_rules(identity: str, group: dict[str, Any]) -> dict[str, list[Properties]]:
    return {
        "ingress": _inline_rules(identity, group["IpPermissions"]),
        "egress": _inline_rules(identity, group["IpPermissionsEgress"]),
    }


def _described(group: dict[str, Any]) -> Properties:
    return {
        "arn": group["SecurityGroupArn"],
        "name": group["GroupName"],
        "namePrefix": "",
        "description": group["Description"],
        "ownerId": group["OwnerId"],
        "vpcId": group["VpcId"],
        "tagsAll": tag_map(group.get("Tags")),
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    for side in _SIDES:
        if inputs.get(side) is not None and inputs[side] != state.get(side):
            _replace_rules(cloud, identity, side, inputs[side])
    update_ec2_tags(cloud, identity, state, inputs)


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("ec2").delete_security_group(GroupId=identity)


def _adopt_default(cloud: Cloud, inputs: Properties) -> str:
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if inputs.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [inputs["vpcId"]]})
    ec2 = cloud.client("ec2")
    groups = every(ec2, "describe_security_groups", "SecurityGroups", Filters=filters)
    if not groups:
        message = f"the VPC {inputs.get('vpcId')} has no default security group"
        raise AwsError("DescribeSecurityGroups", _GONE, message)
    return str(groups[0]["GroupId"])


def _settle_default(cloud: Cloud, identity: str, inputs: Properties) -> None:
    group = _group(cloud, identity)
    update_ec2_tags(cloud, identity, {"tagsAll": tag_map(group.get("Tags"))}, inputs)
    _settle(cloud, identity, inputs)


def _read_default(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    group = _group(cloud, identity)
    kept = {"revokeRulesOnDelete": previous.get("revokeRulesOnDelete", False)}
    return {**_described(group), **_all_rules(identity, group), **kept}


def _update_default(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    for side in _SIDES:
        if (inputs.get(side) or []) != (state.get(side) or []):
            _replace_rules(cloud, identity, side, inputs.get(side) or [])
    update_ec2_tags(cloud, identity, state, inputs)


def _leave_default(cloud: Cloud, identity: str, state: Properties) -> None:
    """Does nothing: AWS keeps a VPC's default group as long as the VPC, as it was left."""


_UNORDERED = names(
    " ".join([*_SIDES, *(f"{side}.{name}" for side in _SIDES for name in _RULE_LISTS.split())])
)


def _authorize(side: str) -> Call:
    """What the rules written inside a group become."""
    rule = {
        "protocol": "IpProtocol",
        "description": "IpRanges.Description",
        "cidrBlocks": "IpRanges.CidrIp",
        "ipv6CidrBlocks": "Ipv6Ranges.CidrIpv6",
        "prefixListIds": "PrefixListIds.PrefixListId",
        "securityGroups": "UserIdGroupPairs.GroupId",
    }
    members = {f"{side}.{name}": f"IpPermissions.{api}" for name, api in rule.items()}
    operation = f"AuthorizeSecurityGroup{side.capitalize()}"
    return Call("ec2", operation, {side: "IpPermissions", **members})


TYPES = (
    ResourceType(
        type="aws:ec2/securityGroup:SecurityGroup",
        source="ec2/vpc_security_group.go",
        calls=(
            Call(
                "ec2",
                "CreateSecurityGroup",
                {"name": "GroupName", "tags": "TagSpecifications.Tags"},
            ),
            *map(_authorize, _SIDES),
        ),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        gone=names(_GONE),
        delete_seconds=15 * 60,
        name=Autoname(),
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
        replaces=names("name namePrefix description vpcId"),
        computed=names("name namePrefix ingress egress vpcId"),
        outputs=names("arn ownerId"),
        unordered=_UNORDERED,
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        source="ec2/vpc_default_security_group.go",
        calls=(
            Call("ec2", "DescribeSecurityGroups", {"vpcId": "Filters.Values"}),
            Call("ec2", "CreateTags"),
            *map(_authorize, _SIDES),
        ),
        create=_adopt_default,
        settle=_settle_default,
        read=_read_default,
        update=_update_default,
        delete=_leave_default,
        gone=names(_GONE),
        defaults={"revokeRulesOnDelete": False},
        replaces=names("vpcId"),
        computed=names("vpcId"),
        outputs=names("arn description name namePrefix ownerId"),
        unordered=_UNORDERED,
        tagged=True,
    ),
)
