from __future__ import annotations

import json

from tests.localcloud.awsplugin.engine import Engine
from tests.localcloud.awsplugin.world import World


def test_the_caller_and_the_place_are_told(engine: Engine) -> None:
    caller = engine.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["accountId"] == "123456789012"
    region = engine.invoke("aws:index/getRegion:getRegion", {})
    assert (region["id"], region["region"]) == ("us-east-1", "us-east-1")
    partition = engine.invoke("aws:index/getPartition:getPartition", {})
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")


def test_the_zones_are_those_of_the_region(engine: Engine) -> None:
    token = "aws:index/getAvailabilityZones:getAvailabilityZones"
    zones = engine.invoke(token, {"state": "available", "excludeNames": ["us-east-1a"]})
    assert zones["names"][:2] == ["us-east-1b", "us-east-1c"]
    assert len(zones["zoneIds"]) == len(zones["names"])


def test_a_prefix_list_is_found_by_name_and_by_id(engine: Engine) -> None:
    name = "com.amazonaws.us-east-1.s3"
    found = engine.invoke("aws:ec2/getPrefixList:getPrefixList", {"name": name})
    assert found["id"].startswith("pl-")
    assert found["cidrBlocks"]
    managed = engine.invoke(
        "aws:ec2/getManagedPrefixList:getManagedPrefixList", {"id": found["id"]}
    )
    assert managed["name"] == name
    assert managed["entries"][0]["cidr"] == found["cidrBlocks"][0]


def test_a_policy_document_is_written_from_its_statements(engine: Engine) -> None:
    statement = {
        "sid": "Read",
        "actions": ["s3:GetObject", "s3:ListBucket"],
        "resources": ["*"],
        "principals": [{"type": "AWS", "identifiers": ["123456789012"]}],
        "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
    }
    inherited = json.dumps({"Statement": [{"Sid": "Read", "Effect": "Deny"}, {"Sid": "Keep"}]})
    answer = engine.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument", {"statements": [statement]}
    )
    assert json.loads(answer["json"])["Statement"] == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject"],
            "Resource": "*",
            "Principal": {"AWS": "123456789012"},
            "Condition": {"Bool": {"aws:SecureTransport": "true"}},
        }
    ]
    overridden = engine.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        {"statements": [statement], "overridePolicyDocuments": [inherited]},
    )
    assert [item["Sid"] for item in json.loads(overridden["minifiedJson"])["Statement"]] == [
        "Read",
        "Keep",
    ]


def test_what_exists_is_found_by_id_or_by_what_is_known_of_it(world: World, engine: Engine) -> None:
    vpc = world.vpc(tags={"Name": "shared"})
    subnet = world.subnet(vpc)
    by_tag = engine.invoke("aws:ec2/getVpc:getVpc", {"tags": {"Name": "shared"}})
    assert (by_tag["id"], by_tag["cidrBlock"]) == (vpc, "10.0.0.0/16")
    found = engine.invoke("aws:ec2/getSubnet:getSubnet", {"id": subnet})
    assert (found["vpcId"], found["mapPublicIpOnLaunch"]) == (vpc, False)
    filters = [{"name": "vpc-id", "values": [vpc]}]
    assert engine.invoke("aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"] == [subnet]
    group = {"vpcId": vpc, "name": "default"}
    assert engine.invoke("aws:ec2/getSecurityGroup:getSecurityGroup", group)["vpcId"] == vpc
    table = engine.invoke("aws:ec2/getRouteTable:getRouteTable", {"vpcId": vpc})
    assert table["associations"][0]["main"] is True
    bucket = world.bucket()
    assert engine.invoke("aws:s3/getBucket:getBucket", {"bucket": bucket})["arn"].endswith(bucket)
    key = world.key()
    assert engine.invoke("aws:kms/getKey:getKey", {"keyId": key.id})["arn"] == key.state["arn"]
    role = world.role()
    assert engine.invoke("aws:iam/getRole:getRole", {"name": role.id})["arn"] == role.state["arn"]


def test_an_endpoint_service_is_found_by_its_short_name(engine: Engine) -> None:
    token = "aws:ec2/getVpcEndpointService:getVpcEndpointService"
    found = engine.invoke(token, {"service": "s3", "serviceType": "Gateway"})
    assert found["serviceName"] == "com.amazonaws.us-east-1.s3"
