"""What a resource reports of its siblings: other resources that set a part of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.provider_settings import REPORT_SIBLINGS
from tests.localcloud.awsplugin.plugin import NO_CHANGE, TRUST, Plugin, Resource, allow

ACCOUNT = {"AWS": "arn:aws:iam::123456789012:root"}
Made = tuple[str, Properties, Callable[[Resource], tuple[str, Properties]]]


def role(_: Plugin) -> Made:
    return (
        "aws:iam/role:Role",
        {"assumeRolePolicy": TRUST},
        lambda made: ("aws:iam/rolePolicy:RolePolicy", {"role": made.id, "policy": allow()}),
    )


def key(_: Plugin) -> Made:
    document = allow("kms:*", Principal=ACCOUNT, Sid="Mine")
    return (
        "aws:kms/key:Key",
        {},
        lambda made: ("aws:kms/keyPolicy:KeyPolicy", {"keyId": made.id, "policy": document}),
    )


def topic(_: Plugin) -> Made:
    def sibling(made: Resource) -> tuple[str, Properties]:
        document = allow("sns:Publish", made.id, Principal=ACCOUNT)
        return "aws:sns/topicPolicy:TopicPolicy", {"arn": made.id, "policy": document}

    return "aws:sns/topic:Topic", {}, sibling


def group(plugin: Plugin) -> Made:
    rule = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "cidrIpv4": "10.0.0.0/16"}
    return (
        "aws:ec2/securityGroup:SecurityGroup",
        {"vpcId": plugin.vpc()},
        lambda made: (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {**rule, "securityGroupId": made.id},
        ),
    )


def table(plugin: Plugin) -> Made:
    vpc = plugin.vpc()
    route = {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": plugin.internet_gateway(vpc)}
    return (
        "aws:ec2/routeTable:RouteTable",
        {"vpcId": vpc},
        lambda made: ("aws:ec2/route:Route", {**route, "routeTableId": made.id}),
    )


def endpoint(plugin: Plugin) -> Made:
    vpc = plugin.vpc()
    table = plugin.route_table(vpc)
    return (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        {"vpcId": vpc, "serviceName": "com.amazonaws.us-east-1.s3"},
        lambda made: (
            "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
            {"vpcEndpointId": made.id, "routeTableId": table},
        ),
    )


def address(plugin: Plugin) -> Made:
    subnet = plugin.subnet(plugin.vpc())
    return (
        "aws:ec2/eip:Eip",
        {"domain": "vpc"},
        lambda made: (
            "aws:ec2/natGateway:NatGateway",
            {"allocationId": made.id, "subnetId": subnet},
        ),
    )


def setting(token: str, **inputs: Any) -> Callable[[Plugin], Made]:
    def bucket(_: Plugin) -> Made:
        def sibling(made: Resource) -> tuple[str, Properties]:
            named = {
                name: value(made.id) if callable(value) else value for name, value in inputs.items()
            }
            return f"aws:s3/{token[0].lower()}{token[1:]}:{token}", {"bucket": made.id, **named}

        return "aws:s3/bucket:Bucket", {"forceDestroy": True}, sibling

    return bucket


def logged(plugin: Plugin) -> Made:
    logs = plugin.bucket()
    service = {"Service": "logging.s3.amazonaws.com"}
    written = allow("s3:PutObject", f"arn:aws:s3:::{logs}/*", Principal=service)
    plugin.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": logs, "policy": written})
    return setting("BucketLogging", targetBucket=logs, targetPrefix="logs/")(plugin)


ENCRYPTED = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}
EXPIRING = {"id": "a", "status": "Enabled", "filter": {"prefix": "a/"}, "expiration": {"days": 9}}
CASES = [
    (role, "inlinePolicies"),
    (key, "policy"),
    (topic, "policy"),
    (group, "ingress"),
    (table, "routes"),
    (endpoint, "routeTableIds"),
    (address, "associationId"),
    (
        setting("BucketVersioning", versioningConfiguration={"status": "Enabled"}),
        "versioning",
    ),
    (
        setting(
            "BucketServerSideEncryptionConfiguration",
            rules=[{**ENCRYPTED, "blockedEncryptionTypes": ["SSE-C"]}],
        ),
        "serverSideEncryptionConfiguration",
    ),
    (setting("BucketLifecycleConfiguration", rules=[EXPIRING]), "lifecycleRules"),
    (
        setting(
            "BucketPolicy",
            policy=lambda name: allow("s3:*", f"arn:aws:s3:::{name}/*", Principal=ACCOUNT),
        ),
        "policy",
    ),
    (logged, "logging"),
]


@pytest.mark.parametrize(("make", "name"), CASES)
def test_what_a_sibling_sets_is_reported_once_if_the_provider_is_set_to(
    new_plugin: Plugin, monkeypatch: pytest.MonkeyPatch, make: Callable[[Plugin], Made], name: str
) -> None:
    monkeypatch.setenv(REPORT_SIBLINGS, "1")
    new_plugin.configure()
    kind, inputs, sibling = make(new_plugin)
    made = new_plugin.create(kind, inputs)
    assert new_plugin.refresh(made) == made
    new_plugin.create(*sibling(made))

    reported = new_plugin.refresh(made)
    assert reported is not None
    assert reported.state[name] != made.state.get(name)
    assert reported.inputs == made.inputs
    assert new_plugin.diff(reported, inputs).changes == NO_CHANGE
    assert new_plugin.refresh(reported) == reported
    made.state = reported.state  # a deletion gets what was reported


@pytest.mark.parametrize("make", [make for make, _ in CASES])
def test_what_a_sibling_sets_is_not_reported_otherwise(
    plugin: Plugin, make: Callable[[Plugin], Made]
) -> None:
    kind, inputs, sibling = make(plugin)
    made = plugin.create(kind, inputs)
    plugin.create(*sibling(made))
    assert plugin.refresh(replace(made)) == made
