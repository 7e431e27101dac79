from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.functions import FUNCTIONS
from localcloud.awsplugin.properties import SECRET, SIGNATURE, decode, encode, secret_names
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin.plugin import TRUST, InputsError, Plugin, RefusedError
from toolchain.aws_plugin import plugin_version
from toolchain.layout import CHECKOUT

REQUIREMENTS = CHECKOUT / "requirements.txt"
ROLE = "aws:iam/role:Role"
VPC = "aws:ec2/vpc:Vpc"
Kind = provider_pb2.PropertyDiff.Kind


def test_the_plugin_gives_its_version_and_what_it_serves(new_plugin: Plugin) -> None:
    assert new_plugin.stub.GetPluginInfo(empty_pb2.Empty()).version == plugin_version(REQUIREMENTS)
    schema = json.loads(new_plugin.stub.GetSchema(provider_pb2.GetSchemaRequest()).schema)
    assert schema["resources"].keys() == RESOURCE_TYPES.keys()
    assert schema["functions"].keys() == FUNCTIONS.keys()


def test_settings_without_a_local_endpoint_are_refused_twice(
    new_plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://sts.amazonaws.com")
    request = provider_pb2.CheckRequest(news=encode({"region": "us-east-1"}))
    (failure,) = new_plugin.stub.CheckConfig(request).failures
    assert "not a loopback address" in failure.reason
    with pytest.raises(RefusedError, match=r"^configuring the provider: ValueError: endpoints:"):
        new_plugin.configure()


def test_the_account_must_be_one_of_those_allowed(new_plugin: Plugin) -> None:
    new_plugin.configure(allowedAccountIds=["123456789012"])
    with pytest.raises(RefusedError, match="AWS account ID not allowed: 123456789012"):
        new_plugin.configure(allowedAccountIds=["999999999999"])
    with pytest.raises(RefusedError, match="AWS account ID forbidden"):
        new_plugin.configure(forbiddenAccountIds=["123456789012"])


def test_a_role_is_assumed_and_a_profile_is_taken(new_plugin: Plugin) -> None:
    role = "arn:aws:iam::210987654321:role/deployer"
    new_plugin.configure(profile="team", assumeRoles=[{"roleArn": role, "sessionName": "ci"}])
    caller = new_plugin.call("aws:index/getCallerIdentity:getCallerIdentity", {})
    assert caller["arn"] == "arn:aws:sts::210987654321:assumed-role/deployer/ci"


def test_a_default_tag_that_iam_does_not_take_fails_the_preview(new_plugin: Plugin) -> None:
    new_plugin.configure(defaultTags={"tags": {"cost-center": "R&D"}})
    with pytest.raises(InputsError, match="tags: tag 'cost-center': 'R&D' breaks the rule for Tag"):
        new_plugin.preview(ROLE, {"assumeRolePolicy": TRUST})


def test_a_secret_that_aws_does_not_take_is_not_shown(new_plugin: Plugin) -> None:
    new_plugin.configure()
    secret = {SIGNATURE: SECRET, "value": "x" * 1001}
    with pytest.raises(InputsError, match="description: a secret value breaks the rule for Descr"):
        new_plugin.check(ROLE, {"assumeRolePolicy": TRUST, "description": secret})


def test_default_tags_change_in_place(new_plugin: Plugin) -> None:
    new_plugin.configure(defaultTags={"tags": {"team": "research"}})
    inputs = {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "net"}}
    vpc = new_plugin.create(VPC, inputs)
    assert vpc.state["tagsAll"] == {"team": "research", "Name": "net"}
    assert vpc.state["tags"] == {"Name": "net"}
    new_plugin.configure(defaultTags={"tags": {"team": "vision"}})
    expected = new_plugin.diff(vpc, inputs)
    assert {path: item.kind for path, item in expected.detailedDiff.items()} == {
        "tagsAll.team": Kind.UPDATE
    }
    new_plugin.update(vpc, inputs)
    refreshed = new_plugin.refresh(vpc)
    assert refreshed == vpc
    assert vpc.state["tagsAll"]["team"] == "vision"


def test_secrets_stay_secret_in_what_is_made_of_them(plugin: Plugin) -> None:
    inputs = {"assumeRolePolicy": TRUST, "tags": {"token": "hidden"}}
    subject: dict[str, Any] = {
        "urn": f"urn:pulumi:test::project::{ROLE}::secretive",
        "type": ROLE,
        "name": "secretive",
    }
    news = encode(inputs, frozenset({"tags"}))
    checked = plugin.stub.Check(provider_pb2.CheckRequest(**subject, news=news))
    assert secret_names(checked.inputs) == {"tags", "tagsAll"}
    request = provider_pb2.CreateRequest(**subject, properties=checked.inputs)
    made = plugin.stub.Create(request)
    assert secret_names(made.properties) == {"tags", "tagsAll"}
    assert decode(made.properties)["tagsAll"] == {"token": "hidden"}
    role = plugin.import_(ROLE, made.id)
    assert role is not None
    plugin.delete(role)


def test_a_failure_is_said_in_one_line_with_resource_operation_and_code(plugin: Plugin) -> None:
    inputs = {"vpcId": "vpc-missing", "cidrBlock": "10.0.0.0/24"}
    with pytest.raises(RefusedError) as caught:
        plugin.create("aws:ec2/subnet:Subnet", inputs, "private")
    assert str(caught.value) == (
        "creating aws:ec2/subnet:Subnet (private): CreateSubnet: InvalidVpcID.NotFound: "
        "VpcID vpc-missing does not exist."
    )


def test_a_type_that_is_not_served_is_refused_with_those_that_are(plugin: Plugin) -> None:
    with pytest.raises(
        RefusedError, match="does not serve the resource type aws:lambda/function:Function"
    ) as caught:
        plugin.check("aws:lambda/function:Function", {})
    assert all(token in str(caught.value) for token in RESOURCE_TYPES)


def test_a_function_that_is_not_served_is_refused_with_those_that_are(plugin: Plugin) -> None:
    with pytest.raises(
        RefusedError, match="does not serve the function aws:ec2/getAmi:getAmi"
    ) as caught:
        plugin.call("aws:ec2/getAmi:getAmi", {})
    assert all(token in str(caught.value) for token in FUNCTIONS)


def test_a_change_of_the_providers_region_replaces_it(new_plugin: Plugin) -> None:
    olds = encode({"region": "us-east-1", "defaultTags": '{"tags":{"a":"1"}}', "version": "7"})
    for news, replaces in (
        ({"region": "us-east-1", "defaultTags": '{"tags":{"a":"2"}}'}, []),
        ({"region": "eu-west-1", "defaultTags": '{"tags":{"a":"1"}}'}, ["region"]),
    ):
        request = provider_pb2.DiffRequest(olds=olds, old_inputs=olds, news=encode(news))
        answer = new_plugin.stub.DiffConfig(request)
        assert answer.changes == provider_pb2.DiffResponse.DIFF_SOME
        assert list(answer.replaces) == replaces
    same = provider_pb2.DiffRequest(olds=olds, news=olds)
    assert new_plugin.stub.DiffConfig(same).changes == provider_pb2.DiffResponse.DIFF_NONE
