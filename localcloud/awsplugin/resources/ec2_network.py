"""VPCs and subnets."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import (
    changed,
    ec2_tags,
    every,
    one_of,
    present,
    tag_map,
    update_ec2_tags,
)

# VPC attributes that have an input, with the attribute's name in the API.
_VPC_ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
_SMALLEST, _LARGEST = 28, 16  # prefix lengths that AWS takes


def cidr_failures(inputs: Properties) -> Iterator[Failure]:
    """What is wrong with `cidrBlock`: no network, host bits set, too large or too small."""
    text = inputs.get("cidrBlock")
    if text is None:
        return
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        yield Failure("cidrBlock", f"{text!r} is not a valid CIDR block: {error}")
        return
    if not _LARGEST <= network.prefixlen <= _SMALLEST:
        size = f"/{network.prefixlen}"
        yield Failure("cidrBlock", f"{text!r}: {size} is outside /{_LARGEST} to /{_SMALLEST}")


def _vpc_failures(inputs: Properties) -> Iterator[Failure]:
    yield from cidr_failures(inputs)
    yield from one_of(inputs, "instanceTenancy", ["default", "dedicated"])


def _create_vpc(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_vpc(
        **present(CidrBlock=inputs.get("cidrBlock"), InstanceTenancy=inputs.get("instanceTenancy")),
        **ec2_tags("vpc", inputs),
    )
    return str(answer["Vpc"]["VpcId"])


def _settle_vpc(cloud: Cloud, identity: str, inputs: Properties) -> None:
    for name, attribute in _VPC_ATTRIBUTES.items():
        if name in inputs:
            value = {attribute: {"Value": inputs[name]}}
            cloud.client("ec2").modify_vpc_attribute(VpcId=identity, **value)


def _read_vpc(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    ec2 = cloud.client("ec2")
    (vpc,) = ec2.describe_vpcs(VpcIds=[identity])["Vpcs"]
    main = _main(_in_vpc(ec2, "describe_route_tables", "RouteTables", identity))
    group = _default(_in_vpc(ec2, "describe_security_groups", "SecurityGroups", identity))
    acls = _in_vpc(ec2, "describe_network_acls", "NetworkAcls", identity)
    attributes = {
        name: ec2.describe_vpc_attribute(VpcId=identity, Attribute=name)[attribute]["Value"]
        for name, attribute in _VPC_ATTRIBUTES.items()
    }
    return {
        **attributes,
        "arn": cloud.arn("ec2", f"vpc/{identity}"),
        "cidrBlock": vpc["CidrBlock"],
        "instanceTenancy": vpc.get("InstanceTenancy"),
        "ownerId": vpc["OwnerId"],
        "dhcpOptionsId": vpc.get("DhcpOptionsId"),
        "mainRouteTableId": main,
        "defaultRouteTableId": previous.get("defaultRouteTableId", main),
        "defaultSecurityGroupId": group,
        "defaultNetworkAclId": next((a["NetworkAclId"] for a in acls if a["IsDefault"]), None),
        "ipv6CidrBlock": "",
        "ipv6AssociationId": "",
        "tagsAll": tag_map(vpc.get("Tags")),
    }


def _in_vpc(ec2: Any, operation: str, items: str, vpc: str) -> list[dict[str, Any]]:
    return every(ec2, operation, items, Filters=[{"Name": "vpc-id", "Values": [vpc]}])


def _main(tables: list[dict[str, Any]]) -> str | None:
    found = (t["RouteTableId"] for t in tables if any(a.get("Main") for a in t["Associations"]))
    return next(found, None)


def _default(groups: list[dict[str, Any]]) -> str | None:
    return next((g["GroupId"] for g in groups if g["GroupName"] == "default"), None)


def _update_vpc(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _settle_vpc(cloud, identity, {n: v for n, v in inputs.items() if state.get(n) != v})
    update_ec2_tags(cloud, identity, state, inputs)


def _delete_vpc(cloud: Cloud, identity: str, state: Properties) -> None:
    ec2 = cloud.client("ec2")
    groups = _in_vpc(ec2, "describe_security_groups", "SecurityGroups", identity)
    subnets = _in_vpc(ec2, "describe_subnets", "Subnets", identity)
    endpoints = _in_vpc(ec2, "describe_vpc_endpoints", "VpcEndpoints", identity)
    if len(groups) > 1 or subnets or any(item["State"] == "available" for item in endpoints):
        message = f"The vpc '{identity}' has dependencies and cannot be deleted."
        raise AwsError("DeleteVpc", "DependencyViolation", message)
    ec2.delete_vpc(VpcId=identity)


def _create_subnet(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("ec2").create_subnet(
        VpcId=inputs["vpcId"],
        **present(
            CidrBlock=inputs.get("cidrBlock"),
            AvailabilityZone=inputs.get("availabilityZone"),
            AvailabilityZoneId=inputs.get("availabilityZoneId"),
        ),
        **ec2_tags("subnet", inputs),
    )
    return str(answer["Subnet"]["SubnetId"])


def _settle_subnet(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("mapPublicIpOnLaunch"):
        _set_public(cloud, identity, public=True)


def _set_public(cloud: Cloud, identity: str, *, public: bool) -> None:
    cloud.client("ec2").modify_subnet_attribute(
        SubnetId=identity, MapPublicIpOnLaunch={"Value": public}
    )


def _read_subnet(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    (subnet,) = cloud.client("ec2").describe_subnets(SubnetIds=[identity])["Subnets"]
    launch = subnet.get("PrivateDnsNameOptionsOnLaunch") or {}
    return {
        "arn": subnet["SubnetArn"],
        "vpcId": subnet["VpcId"],
        "cidrBlock": subnet["CidrBlock"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "ownerId": subnet["OwnerId"],
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "assignIpv6AddressOnCreation": subnet["AssignIpv6AddressOnCreation"],
        "ipv6Native": subnet.get("Ipv6Native", False),
        "enableDns64": subnet.get("EnableDns64", False),
        "privateDnsHostnameTypeOnLaunch": launch.get("HostnameType"),
        "enableResourceNameDnsARecordOnLaunch": launch.get("EnableResourceNameDnsARecord", False),
        "ipv6CidrBlock": "",
        "ipv6CidrBlockAssociationId": "",
        "tagsAll": tag_map(subnet.get("Tags")),
    }


def _update_subnet(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    if changed(state, inputs, "mapPublicIpOnLaunch"):
        _set_public(cloud, identity, public=bool(inputs.get("mapPublicIpOnLaunch")))
    update_ec2_tags(cloud, identity, state, inputs)


def _ipv6_block(state: Properties, inputs: Properties) -> frozenset[str]:
    """A subnet that gives its interfaces IPv6 addresses can't get another block of them."""
    fixed = state.get("assignIpv6AddressOnCreation")
    return frozenset({"ipv6CidrBlock"} if fixed else ())


def _delete_subnet(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("ec2").delete_subnet(SubnetId=identity)


TYPES = (
    ResourceType(
        type="aws:ec2/vpc:Vpc",
        source="ec2/vpc_.go",
        calls=(Call("ec2", "CreateVpc", {"tags": "TagSpecifications.Tags"}),),
        create=_create_vpc,
        settle=_settle_vpc,
        read=_read_vpc,
        update=_update_vpc,
        delete=_delete_vpc,
        gone=names("InvalidVpcID.NotFound"),
        validate=_vpc_failures,
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        replaces=names("cidrBlock ipv4IpamPoolId ipv4NetmaskLength"),
        computed=names(
            "cidrBlock enableDnsHostnames enableNetworkAddressUsageMetrics ipv6CidrBlock"
            " ipv6CidrBlockNetworkBorderGroup ipv6NetmaskLength"
        ),
        outputs=names(
            "arn defaultNetworkAclId defaultRouteTableId defaultSecurityGroupId dhcpOptionsId"
            " ipv6AssociationId mainRouteTableId ownerId"
        ),
        tagged=True,
    ),
    ResourceType(
        type="aws:ec2/subnet:Subnet",
        source="ec2/vpc_subnet.go",
        calls=(
            Call("ec2", "CreateSubnet", {"tags": "TagSpecifications.Tags"}),
            Call("ec2", "ModifySubnetAttribute"),
        ),
        create=_create_subnet,
        settle=_settle_subnet,
        read=_read_subnet,
        update=_update_subnet,
        delete=_delete_subnet,
        gone=names("InvalidSubnetID.NotFound"),
        delete_seconds=20 * 60,
        validate=cidr_failures,
        required=names("vpcId"),
        defaults={
            "assignIpv6AddressOnCreation": False,
            "enableDns64": False,
            "enableResourceNameDnsARecordOnLaunch": False,
            "enableResourceNameDnsAaaaRecordOnLaunch": False,
            "ipv6Native": False,
            "mapPublicIpOnLaunch": False,
        },
        write_only=names("enableResourceNameDnsAaaaRecordOnLaunch"),
        replaces=names(
            "availabilityZone availabilityZoneId cidrBlock ipv4IpamPoolId ipv4NetmaskLength"
            " ipv6IpamPoolId ipv6Native ipv6NetmaskLength outpostArn vpcId"
        ),
        replaces_if=_ipv6_block,
        computed=names(
            "availabilityZone availabilityZoneId cidrBlock ipv6CidrBlock"
            " privateDnsHostnameTypeOnLaunch"
        ),
        outputs=names("arn ownerId ipv6CidrBlockAssociationId"),
        tagged=True,
    ),
)
