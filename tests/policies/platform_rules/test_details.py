"""What the tables can't say of the rules for the platform's resources."""

from __future__ import annotations

import ipaddress
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies.platform_rules.test_rules import CASES, is_violated
from training_policies.harness import resource, violations
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.platform_rules.companions import BUCKET_CONTROLS, VPC_CONTROLS
from training_policies.platform_rules.documents import UnreadableDocumentError, statements
from training_policies.platform_rules.keys import KEY_ROTATION
from training_policies.platform_rules.network import GATEWAYS
from training_policies.platform_rules.retention import RETENTION
from training_policies.platform_rules.security_groups import is_open
from training_policies.policy import Policy, Stack
from training_policies.resource import UNKNOWN, Resource

CONTROLS = (
    "bucketPublicAccessBlock",
    "bucketOwnershipControls",
    "bucketVersioning",
    "bucketServerSideEncryptionConfiguration",
    "bucketPolicy",
    "bucketLifecycleConfiguration",
)
STORE = resource("aws:s3/bucket:Bucket", {"bucket": "store"}, "store")
BUCKET_OF: dict[str, Any] = {"bucket": "store"}


def controls(inputs: dict[str, Any], of: Resource | None = None) -> list[Resource]:
    """Every control of a bucket, which name it by a value, by a reference, or both."""
    return [
        resource(
            f"aws:s3/{name}:{name[0].upper()}{name[1:]}",
            inputs,
            name,
            dependencies={"bucket": [of.urn]} if of else {},
        )
        for name in CONTROLS
    ]


def test_a_bucket_with_all_of_its_controls_passes():
    assert violations(BUCKET_CONTROLS, [STORE, *controls(BUCKET_OF)]) == []


@pytest.mark.parametrize("missing", range(len(CONTROLS)))
def test_each_control_that_a_bucket_lacks_is_named(missing: int):
    found = controls(BUCKET_OF)
    del found[missing]
    [violation] = violations(BUCKET_CONTROLS, [STORE, *found])
    assert violation.subject == STORE.urn
    assert violation.what.startswith("store without")


def test_another_buckets_controls_dont_count():
    assert len(violations(BUCKET_CONTROLS, [STORE, *controls({"bucket": "other"})])) == 6


def test_at_the_first_preview_the_references_tell_whose_controls_they_are():
    unnamed = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN}, "store")
    other = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN}, "other")
    unknown = {"bucket": UNKNOWN}
    assert violations(BUCKET_CONTROLS, [unnamed, *controls(unknown, of=unnamed)]) == []
    found = violations(BUCKET_CONTROLS, [unnamed, other, *controls(unknown, of=unnamed)])
    assert {each.subject for each in found} == {other.urn}


def test_a_control_of_nobody_knows_what_is_judged_at_the_update():
    assert violations(BUCKET_CONTROLS, [STORE, *controls({"bucket": UNKNOWN})]) == []


def test_a_vpc_needs_flow_logs_and_an_emptied_default_group():
    vpc = resource("aws:ec2/vpc:Vpc", {"id": "vpc-1"}, "vpc")
    logs = resource("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-1"})
    group = resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"vpcId": "vpc-1"})
    assert violations(VPC_CONTROLS, [vpc, logs, group]) == []
    assert len(violations(VPC_CONTROLS, [vpc, logs])) == 1
    assert len(violations(VPC_CONTROLS, [vpc])) == 2
    assert violations(VPC_CONTROLS, [logs, group]) == []


@pytest.mark.parametrize("type_", ["internetGateway:InternetGateway", "natGateway:NatGateway"])
@pytest.mark.parametrize("allowed", [True, False])
def test_a_gateway_is_refused_unless_the_internet_is_allowed(type_: str, allowed: bool):
    gateway = resource(f"aws:ec2/{type_}", {})
    assert bool(violations(GATEWAYS, gateway, {"allowed": allowed})) is not allowed


@pytest.mark.parametrize(
    ("tag", "stack", "violated"),
    [("prod", "dev", True), ("dev", "prod", True), ("dev", "", False), (None, "prod", True),
     (None, "dev", False), (None, "", True), ("", "", True), (UNKNOWN, "prod", True)],
)  # fmt: skip
def test_a_bucket_is_in_production_by_its_own_tag_or_by_its_stack(
    tag: Any, stack: str, violated: bool
):
    bucket = resource(
        "aws:s3/bucket:Bucket", {"forceDestroy": True, "tagsAll": {"environment": tag}}
    )
    found = violations(RETENTION, bucket, stack=Stack("stack", "research", stack))
    assert bool(found) is violated


def test_where_only_the_stacks_tags_count_no_tag_of_a_bucket_takes_it_out_of_production():
    bucket = resource(
        "aws:s3/bucket:Bucket", {"forceDestroy": True, "tagsAll": {"environment": "dev"}}
    )
    untagged, dev = (Stack("stack", "research", each, tags_only=True) for each in ("", "dev"))
    assert violations(RETENTION, bucket, stack=untagged)
    assert not violations(RETENTION, bucket, stack=dev)


def test_a_key_that_cant_rotate_by_itself_need_not():
    assert violations(KEY_ROTATION, resource("aws:kms/key:Key", {})) != []
    signing = resource("aws:kms/key:Key", {"customerMasterKeySpec": "RSA_2048"})
    assert violations(KEY_ROTATION, signing) == []


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_a_range_is_open_exactly_when_it_is_a_large_part_of_the_internet(
    address: ipaddress.IPv4Address, bits: int
):
    assert is_open(f"{address}/{bits}") is (bits < 8)


@given(st.text())
def test_a_range_that_cant_be_read_counts_as_open(range_: str):
    try:
        ipaddress.ip_network(range_, strict=False)
    except ValueError:
        assert is_open(range_)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
ELEMENTS = ("Principal", "Action", "Resource")
STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional=dict.fromkeys(
        (*(f"{turned}{each}" for turned in ("", "Not") for each in ELEMENTS), "Sid", "Condition"),
        JSON,
    ),
)
PATHS = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:kms/keyPolicy:KeyPolicy": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
}


@settings(max_examples=20)
@given(JSON | st.fixed_dictionaries({"Statement": st.lists(STATEMENT, max_size=3)}))
def test_no_document_brings_a_rule_down(document: Any):
    """An exception would end the run with a traceback instead of a verdict."""
    for type_, path in PATHS.items():
        for value in (json.dumps(document), document):
            for policy in PLATFORM_POLICIES:
                if isinstance(policy, Policy):
                    violations(policy, resource(type_, {path: value}))


@given(st.text())
def test_a_text_that_is_no_document_has_no_statement(text: str):
    with suppress(UnreadableDocumentError):
        assert statements(text)


@settings(max_examples=20)
@given(JSON)
def test_no_value_of_a_property_brings_a_rule_down(value: Any):
    for case in CASES:
        is_violated(case, value)
