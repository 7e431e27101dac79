"""The functions: what a program may ask the provider without owning it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.failures import AwsError
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.common import tag_map
from localcloud.awsplugin.resources.iam_rules import as_list

Function = Callable[[Cloud, Properties], Properties]

_PRINCIPALS = {"principals": "Principal", "notPrincipals": "NotPrincipal"}
_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}
_SUFFIXES = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}


def _caller_identity(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    caller = cloud.identity
    return {
        "id": caller["Account"],
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "userId": caller["UserId"],
    }


def _region(cloud: Cloud, arguments: Properties) -> Properties:
    region = arguments.get("region") or arguments.get("name") or cloud.region
    return {
        "id": region,
        "name": region,
        "region": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _partition(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    suffix = _SUFFIXES[cloud.partition]
    return {
        "id": cloud.partition,
        "partition": cloud.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": ".".join(reversed(suffix.split("."))),
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


def _filters(arguments: Properties) -> list[dict[str, Any]]:
    filters = [
        {"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()
    ]
    filters += [
        {"Name": f"tag:{name}", "Values": [value]}
        for name, value in (arguments.get("tags") or {}).items()
    ]
    return filters


def _found_prefix_list(cloud: Cloud, arguments: Properties, identity: str) -> dict[str, Any]:
    wanted = {"PrefixListId": arguments.get(identity), "PrefixListName": arguments.get("name")}
    wanted = {name: value for name, value in wanted.items() if value}
    for item in arguments.get("filters") or ():
        name = {"prefix-list-name": "PrefixListName", "prefix-list-id": "PrefixListId"}[
            item["name"]
        ]
        wanted[name] = item["values"][0]
    lists = cloud.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    found = [item for item in lists if wanted.items() <= item.items()]
    if len(found) != 1:
        problem = "no matching" if not found else "more than one matching"
        raise AwsError("DescribePrefixLists", "NotFound", f"{problem} prefix list for {wanted}")
    return dict(found[0])


def _entries(cloud: Cloud, prefix_list: str) -> list[Properties]:
    entries = cloud.client("ec2").get_managed_prefix_list_entries(PrefixListId=prefix_list)
    return [
        {"cidr": entry["Cidr"], "description": entry.get("Description", "")}
        for entry in entries["Entries"]
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


def _policy_document(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    inherited = [
        statement
        for source in arguments.get("sourcePolicyDocuments") or ()
        for statement in as_list(json.loads(source).get("Statement"))
    ]
    own = [_statement(item) for item in arguments.get("statements") or ()]
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = _overridden([*inherited, *own], arguments)
    return {
        **arguments,
        "version": document["Version"],
        "id": str(abs(hash(json.dumps(document)))),
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _overridden(statements: list[Any], arguments: Properties) -> list[Any]:
    """Return the statements with those of the same Sid in the overriding documents in place."""
    for source in arguments.get("overridePolicyDocuments") or ():
        for statement in as_list(json.loads(source).get("Statement")):
            sid = statement.get("Sid")
            statements = [item for item in statements if not sid or item.get("Sid") != sid]
            statements.append(statement)
    return statements


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for name, element in _LISTS.items():
        if given.get(name):
            values = sorted(given[name], reverse=True)
            statement[element] = values[0] if len(values) == 1 else values
    for name, element in _PRINCIPALS.items():
        if given.get(name):
            statement[element] = _principals(given[name])
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"])
    return statement


def _principals(given: list[Properties]) -> Any:
    if any(item["type"] == "*" for item in given):
        return "*"
    found: dict[str, list[str]] = {}
    for item in given:
        found.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: values[0] if len(values) == 1 else values for kind, values in found.items()}


def _conditions(given: list[Properties]) -> Properties:
    found: dict[str, dict[str, Any]] = {}
    for item in given:
        values = item["values"]
        test = found.setdefault(item["test"], {})
        test[item["variable"]] = values[0] if len(values) == 1 else values
    return found


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:ec2/getPrefixList:getPrefixList": _prefix_list,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": _managed_prefix_list,
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
