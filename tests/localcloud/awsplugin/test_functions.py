from __future__ import annotations

from tests.localcloud.awsplugin.plugin import Plugin


def test_the_caller_is_named(plugin: Plugin) -> None:
    caller = plugin.call("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["accountId"] == "123456789012"


def test_the_zones_are_those_of_the_region(plugin: Plugin) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    zones = plugin.call(token, {"state": "available", "excludeNames": ["us-east-1a"]})
    assert zones["names"][:2] == ["us-east-1b", "us-east-1c"]
    assert len(zones["zoneIds"]) == len(zones["names"])


def test_a_prefix_list_is_found_by_name_and_by_id(plugin: Plugin) -> None:
    name = "com.amazonaws.us-east-1.s3"
    token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
    found = plugin.call(token, {"name": name})
    assert found["id"].startswith("pl-")
    assert found["entries"][0]["cidr"]
    assert plugin.call(token, {"id": found["id"]}) == found
