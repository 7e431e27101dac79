"""The provider's functions, which read what a program does not own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.common import every, tag_map

Function = Callable[[Cloud, Properties], Properties]


def _caller_identity(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    caller = cloud.identity
    return {
        "id": caller["Account"],
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "userId": caller["UserId"],
    }


def _availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    filters = [
        {"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()
    ]
    answer = cloud.client("ec2").describe_availability_zones(Filters=filters)
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


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
}
