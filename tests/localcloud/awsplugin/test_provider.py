from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.functions import FUNCTIONS
from localcloud.awsplugin.properties import (
    ASSET,
    SIGNATURE,
    UNKNOWN,
    Asset,
    decode,
    encode,
    secret_names,
)
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin.conftest import configure
from tests.localcloud.awsplugin.engine import Engine
from tests.localcloud.awsplugin.world import TRUST, World

ROLE = "aws:iam/role:Role"
VPC = "aws:ec2/vpc:Vpc"
Kind = provider_pb2.PropertyDiff.Kind


def details(caught: pytest.ExceptionInfo[grpc.RpcError]) -> str:
    error: Any = caught.value
    return str(error.details())


def test_the_plugin_tells_its_version_and_what_it_serves(other: Any) -> None:
    assert other.GetPluginInfo(empty_pb2.Empty()).version == "7.51.1"
    schema = json.loads(other.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["resources"].keys() == RESOURCE_TYPES.keys()
    assert schema["functions"].keys() == FUNCTIONS.keys()


def test_settings_without_a_local_endpoint_are_refused_twice(
    other: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.amazonaws.com")
    news = encode({"region": "us-east-1"})
    (failure,) = other.CheckConfig(provider_pb2.CheckRequest(news=news)).failures
    assert "not a loopback address" in failure.reason
    with pytest.raises(grpc.RpcError) as caught:
        configure(other)
    assert details(caught).startswith("configuring the provider: ValueError: endpoints:")


def test_the_account_must_be_one_of_those_allowed(other: Any) -> None:
    configure(other, allowedAccountIds=["123456789012"])
    with pytest.raises(grpc.RpcError) as caught:
        configure(other, allowedAccountIds=["999999999999"])
    assert "AWS account ID not allowed: 123456789012" in details(caught)
    with pytest.raises(grpc.RpcError) as caught:
        configure(other, forbiddenAccountIds=["123456789012"])
    assert "AWS account ID forbidden" in details(caught)


def test_a_role_is_assumed_and_a_profile_is_taken(other: Any) -> None:
    role = "arn:aws:iam::210987654321:role/deployer"
    configure(other, profile="team", assumeRoles=[{"roleArn": role, "sessionName": "ci"}])
    caller = Engine(other).invoke("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["arn"] == "arn:aws:sts::210987654321:assumed-role/deployer/ci"


def test_a_default_tag_that_iam_does_not_take_fails_the_creation(other: Any) -> None:
    """As with AWS: in the middle of an update, when other things are there already."""
    configure(other, defaultTags={"tags": {"cost-center": "R&D"}})
    with pytest.raises(grpc.RpcError) as caught:
        Engine(other).create(ROLE, "one", {"assumeRolePolicy": TRUST})
    assert "CreateRole: ValidationError: 1 validation error detected: Value 'R&D'" in details(
        caught
    )


def test_default_tags_change_in_place(other: Any, engine: Engine) -> None:
    configure(other, defaultTags={"tags": {"team": "research"}})
    first = Engine(other)
    vpc = first.create(VPC, "net", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "net"}})
    assert vpc.state["tagsAll"] == {"team": "research", "Name": "net"}
    assert vpc.state["tags"] == {"Name": "net"}
    configure(other, defaultTags={"tags": {"team": "vision"}})
    news = {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "net"}}
    expected = first.diff(vpc, news)
    assert {path: item.kind for path, item in expected.detailedDiff.items()} == {
        "tagsAll.team": Kind.UPDATE
    }
    first.update(vpc, news)
    refreshed = first.read(vpc)
    assert refreshed == vpc
    assert vpc.state["tagsAll"]["team"] == "vision"
    engine.delete(vpc)


def test_a_resource_can_live_in_another_region(world: World, engine: Engine) -> None:
    vpc = world.make(VPC, {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})
    assert ":eu-west-1:" in vpc.state["arn"]
    moved = engine.diff(vpc, {"cidrBlock": "10.0.0.0/16"})
    assert moved.detailedDiff["region"].kind == Kind.UPDATE_REPLACE


def test_a_preview_knows_what_the_program_says_and_not_what_aws_will_say(engine: Engine) -> None:
    planned = engine.preview(ROLE, "runner", {"assumeRolePolicy": TRUST})
    assert planned["arn"] is UNKNOWN
    assert planned["name"].startswith("runner-")
    assert planned["path"] == "/"


def test_a_preview_takes_unknown_inputs(engine: Engine) -> None:
    inputs = {"vpcId": UNKNOWN, "cidrBlock": UNKNOWN, "tags": {"a": UNKNOWN}}
    planned = engine.preview("aws:ec2/subnet:Subnet", "one", inputs)
    assert planned["vpcId"] is UNKNOWN
    assert planned["tagsAll"] is UNKNOWN


def test_an_unknown_value_of_what_cannot_change_replaces(world: World, engine: Engine) -> None:
    vpc = world.make(VPC, {"cidrBlock": "10.0.0.0/16"})
    expected = engine.diff(vpc, {"cidrBlock": UNKNOWN})
    assert expected.detailedDiff["cidrBlock"].kind == Kind.UPDATE_REPLACE
    assert not expected.deleteBeforeReplace


def test_a_given_name_makes_the_old_go_before_the_new_comes(world: World, engine: Engine) -> None:
    named = world.make(ROLE, {"assumeRolePolicy": TRUST, "name": "given"})
    made = world.make(ROLE, {"assumeRolePolicy": TRUST})
    news = {"assumeRolePolicy": TRUST, "path": "/ml/"}
    assert engine.diff(named, {**news, "name": "given"}).deleteBeforeReplace
    assert not engine.diff(named, {**news, "name": "other"}).deleteBeforeReplace
    assert not engine.diff(made, news).deleteBeforeReplace


def test_changes_to_be_ignored_are(world: World, engine: Engine) -> None:
    vpc = world.make(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "1", "b": "1"}})
    news = {"cidrBlock": "10.0.0.0/16", "tags": {"a": "2", "b": "1"}}
    assert engine.diff(vpc, news, ignore=("tags", "tagsAll")).changes == 1
    assert set(engine.diff(vpc, news, ignore=("tagsAll",)).detailedDiff) == {"tags.a"}


def test_what_changed_outside_the_program_is_seen_and_mended(
    world: World, engine: Engine, aws: Callable[[str], Any]
) -> None:
    news = {"assumeRolePolicy": TRUST, "description": "runs jobs", "tags": {"team": "research"}}
    role = world.make(ROLE, news)
    aws("iam").update_role(RoleName=role.id, Description="edited by hand")
    aws("iam").tag_role(RoleName=role.id, Tags=[{"Key": "stray", "Value": "1"}])
    refreshed = engine.read(role)
    assert refreshed is not None
    assert refreshed.inputs["description"] == "edited by hand"
    assert set(engine.diff(refreshed, news).detailedDiff) == {
        "description",
        "tags.stray",
        "tagsAll.stray",
    }
    engine.update(refreshed, news)
    assert engine.read(refreshed) == refreshed
    assert engine.diff(refreshed, news).changes == 1


def test_secrets_stay_secret_in_what_is_made_of_them(engine: Engine, other: Any) -> None:
    configure(other)
    secretive = Engine(other, secrets=frozenset({"tags"}))
    inputs = {"assumeRolePolicy": TRUST, "tags": {"token": "hidden"}}
    urn = f"urn:pulumi:test::project::{ROLE}::secretive"
    checked = other.Check(
        provider_pb2.CheckRequest(
            urn=urn, type=ROLE, name="secretive", news=encode(inputs, frozenset({"tags"}))
        )
    )
    assert secret_names(checked.inputs) == {"tags", "tagsAll"}
    made = other.Create(
        provider_pb2.CreateRequest(urn=urn, type=ROLE, name="secretive", properties=checked.inputs)
    )
    assert secret_names(made.properties) == {"tags", "tagsAll"}
    assert decode(made.properties)["tagsAll"] == {"token": "hidden"}
    role = secretive.find(ROLE, made.id)
    assert role is not None
    engine.delete(role)


def test_an_object_follows_the_content_of_its_asset(
    world: World, engine: Engine, aws: Callable[[str], Any]
) -> None:
    bucket = world.bucket()
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    news = {"bucket": bucket, "source": Asset("hash-1", text="one")}
    made = world.make(kind, news, "data.txt")
    assert made.id == "data.txt"
    assert encode(made.state)["source"][SIGNATURE] == ASSET
    assert engine.read(made) == made
    news["source"] = Asset("hash-2", text="two")
    expected = engine.diff(made, news)
    assert set(expected.detailedDiff) == {"source"}
    assert not expected.replaces
    assert engine.update(made, news, preview=True)["etag"] is UNKNOWN
    engine.update(made, news)
    assert aws("s3").get_object(Bucket=bucket, Key=made.id)["Body"].read() == b"two"


def test_an_update_of_tags_alone_leaves_outputs_known(world: World, engine: Engine) -> None:
    kind = "aws:s3/bucketObjectv2:BucketObjectv2"
    news = {"bucket": world.bucket(), "content": "one"}
    made = world.make(kind, news)
    planned = engine.update(made, {**news, "tags": {"a": "b"}}, preview=True)
    assert planned["etag"] == made.state["etag"]


def test_a_creation_that_fails_half_way_leaves_nothing_behind(
    world: World, aws: Callable[[str], Any]
) -> None:
    group = {"protocol": "tcp", "fromPort": 1, "toPort": 2, "securityGroups": ["sg-missing"]}
    inputs = {"vpcId": world.vpc(), "name": "half-made", "ingress": [group]}
    with pytest.raises(grpc.RpcError) as caught:
        world.make("aws:ec2/securityGroup:SecurityGroup", inputs)
    assert "InvalidGroup.NotFound" in details(caught)
    filters = [{"Name": "group-name", "Values": ["half-made"]}]
    assert aws("ec2").describe_security_groups(Filters=filters)["SecurityGroups"] == []


def test_a_failure_is_told_in_one_line_with_resource_operation_and_code(world: World) -> None:
    inputs = {"vpcId": "vpc-missing", "cidrBlock": "10.0.0.0/24"}
    with pytest.raises(grpc.RpcError) as caught:
        world.make("aws:ec2/subnet:Subnet", inputs, "private")
    assert details(caught) == (
        "creating aws:ec2/subnet:Subnet (private): CreateSubnet: InvalidVpcID.NotFound: "
        "VpcID vpc-missing does not exist."
    )


def test_a_type_that_is_not_served_is_refused_with_those_that_are(engine: Engine) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        engine.check("aws:lambda/function:Function", "one", {})
    assert "does not serve the resource type aws:lambda/function:Function" in details(caught)
    assert all(token in details(caught) for token in RESOURCE_TYPES)
    with pytest.raises(grpc.RpcError) as caught:
        engine.invoke("aws:ec2/getAmi:getAmi", {})
    assert "does not serve the function aws:ec2/getAmi:getAmi" in details(caught)
    assert all(token in details(caught) for token in FUNCTIONS)


def test_a_resource_is_imported_by_its_id(world: World, engine: Engine) -> None:
    vpc = world.make(VPC, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}})
    imported = engine.find(VPC, vpc.id)
    assert imported is not None
    assert imported.inputs["cidrBlock"] == "10.0.0.0/16"
    assert imported.inputs["tags"] == {"a": "b"}
    assert not imported.inputs.keys() & RESOURCE_TYPES[VPC].outputs
    assert engine.diff(imported, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}).changes == 1
    assert engine.find(VPC, "vpc-missing") is None


def test_what_the_local_cloud_does_not_have_is_named(world: World) -> None:
    group = world.make("aws:cloudwatch/logGroup:LogGroup", {"kmsKeyId": world.key().state["arn"]})
    with pytest.raises(grpc.RpcError) as caught:
        world.engine.update(group, {})
    said = "NotImplemented: The local cloud does not have logs DisassociateKmsKey"
    assert details(caught).endswith(said)


def test_a_change_of_the_providers_region_replaces_it(other: Any) -> None:
    olds = encode({"region": "us-east-1", "defaultTags": '{"tags":{"a":"1"}}', "version": "7"})
    for news, replaces in (
        ({"region": "us-east-1", "defaultTags": '{"tags":{"a":"2"}}'}, []),
        ({"region": "eu-west-1", "defaultTags": '{"tags":{"a":"1"}}'}, ["region"]),
    ):
        request = provider_pb2.DiffRequest(olds=olds, old_inputs=olds, news=encode(news))
        answer = other.DiffConfig(request)
        assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert list(answer.replaces) == replaces
    same = provider_pb2.DiffRequest(olds=olds, news=olds)
    assert other.DiffConfig(same).changes == provider_pb2.DiffResponse.DIFF_NONE
