from __future__ import annotations

import pytest

from tests.localcloud.awsplugin.plugin import Plugin, RefusedError


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


SERVICE = "aws:ec2/getVpcEndpointService:getVpcEndpointService"


def test_a_service_for_endpoints_is_found_by_its_name_and_type(plugin: Plugin) -> None:
    named = {"serviceName": "com.amazonaws.us-east-1.ecr.dkr", "serviceType": "Interface"}
    found = plugin.call(SERVICE, named)
    assert "us-east-1a" in found["availabilityZones"]
    assert "us-east-1e" not in found["availabilityZones"]
    assert found["vpcEndpointPolicySupported"] is True
    other = plugin.call(SERVICE, {"service": "redshift-data"})
    assert other["serviceName"] == "com.amazonaws.us-east-1.redshift-data"
    assert other["vpcEndpointPolicySupported"] is False


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        ({"service": "nothing"}, "couldn't find resource"),
        ({"service": "logs", "serviceType": "Gateway"}, "no matching EC2 VPC Endpoint Service"),
        ({"service": "s3"}, "multiple EC2 VPC Endpoint Services matched"),
        ({"service": "codeartifact.api", "region": "us-west-1"}, "couldn't find resource"),
    ],
)
def test_a_service_for_endpoints_that_is_not_the_only_one_is_an_error(
    plugin: Plugin, named: dict[str, str], problem: str
) -> None:
    with pytest.raises(RefusedError, match=problem):
        plugin.call(SERVICE, named)


def test_instance_types_are_offered_in_the_zones_that_ec2_lists(plugin: Plugin) -> None:
    token = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
    names = {"name": "instance-type", "values": ["trn1.2xlarge", "of-sagemaker.only"]}
    found = plugin.call(token, {"locationType": "availability-zone", "filters": [names]})
    assert sorted(found["locations"]) == ["us-east-1c", "us-east-1f"]
    assert found["instanceTypes"] == ["trn1.2xlarge"] * 2
    assert found["locationTypes"] == ["availability-zone"] * 2
