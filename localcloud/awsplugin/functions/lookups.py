"""What exists already, found by id or by what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError
from localcloud.awsplugin.functions.common import Function, filters_of
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.registry import resource_types
from localcloud.awsplugin.resources.common import every

# Inputs of a lookup that are filters of the API, with the filter's name.
_VPC = {"cidrBlock": "cidr", "state": "state", "dhcpOptionsId": "dhcp-options-id"}
_SUBNET = {
    "availabilityZone": "availability-zone",
    "cidrBlock": "cidr-block",
    "state": "state",
    "vpcId": "vpc-id",
}
_GROUP = {"name": "group-name", "vpcId": "vpc-id"}
_TABLE = {"subnetId": "association.subnet-id", "vpcId": "vpc-id"}


def _known(cloud: Cloud, kind: str, identity: str) -> Properties:
    """Return the properties of an existing resource; AwsError if there is none."""
    found = resource_types()[kind].read(cloud, identity, {})
    if found is None:
        raise AwsError("Read", "NotFound", f"no {kind.rpartition(':')[2]} {identity!r} exists")
    tags = {"tags": found["tagsAll"]} if "tagsAll" in found else {}
    return {**found, **tags, "id": identity, "region": cloud.region}


def _search(arguments: Properties, names: Mapping[str, str]) -> list[dict[str, Any]]:
    given = [
        {"Name": name, "Values": [arguments[argument]]}
        for argument, name in names.items()
        if arguments.get(argument)
    ]
    return [*given, *filters_of(arguments)]


def _only(what: str, found: list[str]) -> str:
    if len(found) != 1:
        problem = "no matching" if not found else "more than one matching"
        raise AwsError("Describe", "NotFound", f"{problem} {what} found; be more specific")
    return found[0]


def _vpc(cloud: Cloud, arguments: Properties) -> Properties:
    identity = arguments.get("id")
    if not identity:
        filters = _search(arguments, _VPC)
        vpcs = every(cloud.client("ec2"), "describe_vpcs", "Vpcs", Filters=filters)
        if arguments.get("default"):
            vpcs = [vpc for vpc in vpcs if vpc["IsDefault"]]
        identity = _only("VPC", [vpc["VpcId"] for vpc in vpcs])
    found = _known(cloud, "aws:ec2/vpc:Vpc", identity)
    return {**arguments, **found, "state": "available", "cidrBlockAssociations": []}


def _subnet(cloud: Cloud, arguments: Properties) -> Properties:
    identity = arguments.get("id")
    if not identity:
        identity = _only("subnet", _subnet_ids(cloud, _search(arguments, _SUBNET)))
    subnets = cloud.client("ec2").describe_subnets(SubnetIds=[identity])["Subnets"]
    return {
        **arguments,
        **_known(cloud, "aws:ec2/subnet:Subnet", identity),
        "state": subnets[0]["State"],
        "defaultForAz": subnets[0]["DefaultForAz"],
        "availableIpAddressCount": subnets[0]["AvailableIpAddressCount"],
    }


def _subnet_ids(cloud: Cloud, filters: list[dict[str, Any]]) -> list[str]:
    subnets = every(cloud.client("ec2"), "describe_subnets", "Subnets", Filters=filters)
    return [subnet["SubnetId"] for subnet in subnets]


def _subnets(cloud: Cloud, arguments: Properties) -> Properties:
    found = _subnet_ids(cloud, filters_of(arguments))
    return {**arguments, "id": cloud.region, "region": cloud.region, "ids": found}


def _security_group(cloud: Cloud, arguments: Properties) -> Properties:
    identity = arguments.get("id")
    if not identity:
        ec2, filters = cloud.client("ec2"), _search(arguments, _GROUP)
        groups = every(ec2, "describe_security_groups", "SecurityGroups", Filters=filters)
        identity = _only("security group", [group["GroupId"] for group in groups])
    return {**arguments, **_known(cloud, "aws:ec2/securityGroup:SecurityGroup", identity)}


def _route_table(cloud: Cloud, arguments: Properties) -> Properties:
    ec2, identity = cloud.client("ec2"), arguments.get("routeTableId")
    if not identity:
        filters = _search(arguments, _TABLE)
        tables = every(ec2, "describe_route_tables", "RouteTables", Filters=filters)
        identity = _only("route table", [table["RouteTableId"] for table in tables])
    table = ec2.describe_route_tables(RouteTableIds=[identity])["RouteTables"][0]
    return {
        **arguments,
        **_known(cloud, "aws:ec2/routeTable:RouteTable", identity),
        "routeTableId": identity,
        "routes": [_route(route) for route in table["Routes"]],
        "associations": [
            {
                "routeTableAssociationId": item["RouteTableAssociationId"],
                "routeTableId": identity,
                "subnetId": item.get("SubnetId", ""),
                "gatewayId": item.get("GatewayId", ""),
                "main": item["Main"],
            }
            for item in table["Associations"]
        ],
    }


def _route(route: dict[str, Any]) -> Properties:
    return {
        "cidrBlock": route.get("DestinationCidrBlock", ""),
        "destinationPrefixListId": route.get("DestinationPrefixListId", ""),
        "gatewayId": route.get("GatewayId", ""),
        "natGatewayId": route.get("NatGatewayId", ""),
    }


def _endpoint_service(cloud: Cloud, arguments: Properties) -> Properties:
    name = arguments.get("serviceName") or f"com.amazonaws.{cloud.region}.{arguments['service']}"
    wanted = arguments.get("serviceType")
    answer = cloud.client("ec2").describe_vpc_endpoint_services(ServiceNames=[name])
    details = [
        item
        for item in answer["ServiceDetails"]
        if wanted in {None, item["ServiceType"][0]["ServiceType"]}
    ]
    _only(f"endpoint service {name}", [item["ServiceId"] for item in details])
    found = details[0]
    return {
        **arguments,
        "id": found["ServiceId"],
        "serviceId": found["ServiceId"],
        "serviceName": name,
        "serviceType": found["ServiceType"][0]["ServiceType"],
        "availabilityZones": found["AvailabilityZones"],
        "owner": found["Owner"],
        "acceptanceRequired": found["AcceptanceRequired"],
        "vpcEndpointPolicySupported": found["VpcEndpointPolicySupported"],
        "privateDnsName": found.get("PrivateDnsName", ""),
        "region": cloud.region,
        "serviceRegion": cloud.region,
    }


def _bucket(cloud: Cloud, arguments: Properties) -> Properties:
    return {**arguments, **_known(cloud, "aws:s3/bucket:Bucket", arguments["bucket"])}


def _key(cloud: Cloud, arguments: Properties) -> Properties:
    answer = cloud.client("kms").describe_key(KeyId=arguments["keyId"])["KeyMetadata"]
    return {
        **arguments,
        "id": answer["KeyId"],
        "arn": answer["Arn"],
        "awsAccountId": answer["AWSAccountId"],
        "customerMasterKeySpec": answer["KeySpec"],
        "keySpec": answer["KeySpec"],
        "keyState": answer["KeyState"],
        "keyManager": answer["KeyManager"],
        "keyUsage": answer.get("KeyUsage", "ENCRYPT_DECRYPT"),
        "description": answer.get("Description", ""),
        "enabled": answer["Enabled"],
        "multiRegion": answer.get("MultiRegion", False),
        "origin": answer["Origin"],
        "region": cloud.region,
    }


def _alias(cloud: Cloud, arguments: Properties) -> Properties:
    return {**arguments, **_known(cloud, "aws:kms/alias:Alias", arguments["name"])}


def _role(cloud: Cloud, arguments: Properties) -> Properties:
    return {**arguments, **_known(cloud, "aws:iam/role:Role", arguments["name"])}


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getSubnets:getSubnets": _subnets,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
    "aws:ec2/getRouteTable:getRouteTable": _route_table,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _endpoint_service,
    "aws:s3/getBucket:getBucket": _bucket,
    "aws:kms/getKey:getKey": _key,
    "aws:kms/getAlias:getAlias": _alias,
    "aws:iam/getRole:getRole": _role,
}
