"""Who calls, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.functions.common import Function, filters_of
from localcloud.awsplugin.properties import Properties

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
    answer = cloud.client("ec2").describe_availability_zones(Filters=filters_of(arguments))
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


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
}
