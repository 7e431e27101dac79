"""Prefix lists: the addresses of AWS's own services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError
from localcloud.awsplugin.functions.common import Function
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.common import every, tag_map
from localcloud.awsplugin.resources.vpc_endpoint import prefix_list_entries


def _found_prefix_list(cloud: Cloud, arguments: Properties, identity: str) -> dict[str, Any]:
    wanted = {"PrefixListId": arguments.get(identity), "PrefixListName": arguments.get("name")}
    wanted = {name: value for name, value in wanted.items() if value}
    for item in arguments.get("filters") or ():
        name = {"prefix-list-name": "PrefixListName", "prefix-list-id": "PrefixListId"}[
            item["name"]
        ]
        wanted[name] = item["values"][0]
    lists = every(cloud.client("ec2"), "describe_managed_prefix_lists", "PrefixLists")
    found = [item for item in lists if wanted.items() <= item.items()]
    if len(found) != 1:
        problem = "no matching" if not found else "more than one matching"
        raise AwsError("DescribePrefixLists", "NotFound", f"{problem} prefix list for {wanted}")
    return dict(found[0])


def _entries(cloud: Cloud, prefix_list: str) -> list[Properties]:
    return [
        {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
        for entry in prefix_list_entries(cloud, prefix_list)
    ]


def _prefix_list(cloud: Cloud, arguments: Properties) -> Properties:
    found = _found_prefix_list(cloud, arguments, "prefixListId")
    return {
        **arguments,
        "id": found["PrefixListId"],
        "name": found["PrefixListName"],
        "region": cloud.region,
        "cidrBlocks": [entry["cidr"] for entry in _entries(cloud, found["PrefixListId"])],
    }


def _managed_prefix_list(cloud: Cloud, arguments: Properties) -> Properties:
    found = _found_prefix_list(cloud, arguments, "id")
    return {
        **arguments,
        "id": found["PrefixListId"],
        "name": found["PrefixListName"],
        "arn": found["PrefixListArn"],
        "addressFamily": found["AddressFamily"],
        "ownerId": found["OwnerId"],
        "maxEntries": found.get("MaxEntries", 0),
        "version": found.get("Version", 0),
        "region": cloud.region,
        "entries": _entries(cloud, found["PrefixListId"]),
        "tags": tag_map(found.get("Tags")),
    }


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
}
