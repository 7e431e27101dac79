"""The provider's functions, which read what a program does not own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.common import answer_or_none, every, present, tag_map

Function = Callable[[Cloud, Properties], Properties]

_NO_SERVICE = "no matching EC2 VPC Endpoint Service found"


def _caller_identity(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    caller = cloud.identity
    return {
        "id": caller["Account"],
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "userId": caller["UserId"],
    }


def _availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    answer = cloud.client("ec2").describe_availability_zones(Filters=_filters(arguments))
    state, hidden = arguments.get("state"), arguments.get("excludeNames") or ()
    zones = [
        zone
        for zone in answer["AvailabilityZones"]
        if zone["RegionName"] == cloud.region
        and zone["ZoneName"] not in hidden
        and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or ())
        and (state is None or zone["State"] == state)
    ]
    return {
        **arguments,
        "id": cloud.region,
        "region": cloud.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or cloud.region for zone in zones}),
    }


def _managed_prefix_list(cloud: Cloud, arguments: Properties) -> Properties:
    """The addresses of one of AWS's own services; AwsError if not exactly one list matches."""
    wanted = {"PrefixListId": arguments.get("id"), "PrefixListName": arguments.get("name")}
    wanted = {name: value for name, value in wanted.items() if value}
    for item in arguments.get("filters") or ():
        name = {"prefix-list-name": "PrefixListName", "prefix-list-id": "PrefixListId"}[
            item["name"]
        ]
        wanted[name] = item["values"][0]
    ec2 = cloud.client("ec2")
    lists = every(ec2, "describe_managed_prefix_lists", "PrefixLists")
    matching: list[dict[str, Any]] = [item for item in lists if wanted.items() <= item.items()]
    if len(matching) != 1:
        problem = "no matching" if not matching else "more than one matching"
        raise AwsError("DescribePrefixLists", "NotFound", f"{problem} prefix list for {wanted}")
    (found,) = matching
    identity = found["PrefixListId"]
    entries = every(ec2, "get_managed_prefix_list_entries", "Entries", PrefixListId=identity)
    return {
        **arguments,
        "id": identity,
        "name": found["PrefixListName"],
        "arn": found["PrefixListArn"],
        "addressFamily": found["AddressFamily"],
        "ownerId": found["OwnerId"],
        "maxEntries": found.get("MaxEntries", 0),
        "version": found.get("Version", 0),
        "region": cloud.region,
        "entries": [
            {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
            for entry in entries
        ],
        "tags": tag_map(found.get("Tags")),
    }


def _vpc_endpoint_service(cloud: Cloud, arguments: Properties) -> Properties:
    """A service that VPC endpoints can be made for; AwsError if not exactly one matches."""
    named = arguments.get("serviceName")
    if arguments.get("service"):
        named = f"com.amazonaws.{cloud.region}.{arguments['service']}"
    filters = _filters(arguments)
    if arguments.get("serviceType"):
        filters.append({"Name": "service-type", "Values": [arguments["serviceType"]]})
    ec2 = cloud.client("ec2")
    request = present(ServiceNames=[named] if named else None, Filters=filters or None)
    found = answer_or_none(
        lambda: every(ec2, "describe_vpc_endpoint_services", "ServiceDetails", **request),
        "InvalidServiceName",
    )
    if not found:
        problem = "couldn't find resource" if found is None else _NO_SERVICE
        raise AwsError("DescribeVpcEndpointServices", "InvalidServiceName", problem)
    if len(found) > 1:
        problem = "multiple EC2 VPC Endpoint Services matched"
        raise AwsError("DescribeVpcEndpointServices", "TooMany", problem)
    (service,) = found
    return {
        **arguments,
        "id": service["ServiceName"],
        "acceptanceRequired": service["AcceptanceRequired"],
        "arn": cloud.arn("ec2", f"vpc-endpoint-service/{service['ServiceId']}"),
        "availabilityZones": service["AvailabilityZones"],
        "baseEndpointDnsNames": service["BaseEndpointDnsNames"],
        "managesVpcEndpoints": service["ManagesVpcEndpoints"],
        "owner": service["Owner"],
        "privateDnsName": service.get("PrivateDnsName", ""),
        "privateDnsNames": [each["PrivateDnsName"] for each in service.get("PrivateDnsNames", [])],
        "region": cloud.region,
        "serviceId": service["ServiceId"],
        "serviceName": service["ServiceName"],
        "serviceRegion": cloud.region,
        "serviceType": service["ServiceType"][0]["ServiceType"],
        "supportedIpAddressTypes": service.get("SupportedIpAddressTypes", []),
        "tags": tag_map(service.get("Tags")),
        "vpcEndpointPolicySupported": service["VpcEndpointPolicySupported"],
    }


def _instance_type_offerings(cloud: Cloud, arguments: Properties) -> Properties:
    """Which instance types are offered where: three lists, of which the same places belong."""
    found = every(
        cloud.client("ec2"),
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType=arguments.get("locationType") or "region",
        Filters=_filters(arguments),
    )
    return {
        **arguments,
        "id": cloud.region,
        "region": cloud.region,
        "instanceTypes": [each["InstanceType"] for each in found],
        "locations": [each["Location"] for each in found],
        "locationTypes": [each["LocationType"] for each in found],
    }


def _filters(arguments: Properties) -> list[dict[str, Any]]:
    """The filters of a function's arguments, as EC2 takes them."""
    return [
        {"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()
    ]


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": _instance_type_offerings,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _vpc_endpoint_service,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
}
