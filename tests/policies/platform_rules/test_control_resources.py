from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import resource, violations
from training_policies.platform_rules.control_resources import BUCKET_CONTROLS, VPC_CONTROLS
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


def test_at_the_first_preview_the_references_show_whose_controls_they_are():
    unnamed = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN}, "store")
    other = resource("aws:s3/bucket:Bucket", {"bucket": UNKNOWN}, "other")
    unknown = {"bucket": UNKNOWN}
    assert violations(BUCKET_CONTROLS, [unnamed, *controls(unknown, of=unnamed)]) == []
    found = violations(BUCKET_CONTROLS, [unnamed, other, *controls(unknown, of=unnamed)])
    assert {each.subject for each in found} == {other.urn}


def test_a_control_of_an_unknown_resource_is_judged_at_the_update():
    assert violations(BUCKET_CONTROLS, [STORE, *controls({"bucket": UNKNOWN})]) == []


def test_a_vpc_needs_flow_logs_and_an_emptied_default_group():
    vpc = resource("aws:ec2/vpc:Vpc", {"id": "vpc-1"}, "vpc")
    logs = resource("aws:ec2/flowLog:FlowLog", {"vpcId": "vpc-1"})
    group = resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", {"vpcId": "vpc-1"})
    assert violations(VPC_CONTROLS, [vpc, logs, group]) == []
    assert len(violations(VPC_CONTROLS, [vpc, logs])) == 1
    assert len(violations(VPC_CONTROLS, [vpc])) == 2
    assert violations(VPC_CONTROLS, [logs, group]) == []


INLINE: dict[str, Any] = {
    "bucket": "store",
    "versioning": {"enabled": True},
    "policy": "{}",
    "serverSideEncryptionConfiguration": {
        "rule": {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": UNKNOWN,
            },
            "bucketKeyEnabled": True,
        }
    },
    "lifecycleRules": [
        {"enabled": True, "abortIncompleteMultipartUploadDays": 7},
        {"enabled": True, "noncurrentVersionExpiration": {"days": 30}},
    ],
}


def test_a_bucket_may_have_controls_among_its_own_properties():
    bucket = resource("aws:s3/bucket:Bucket", INLINE, "store")
    assert violations(BUCKET_CONTROLS, [bucket, *controls(BUCKET_OF)[:2]]) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("versioning", {"enabled": False}),
        ("policy", ""),
        ("serverSideEncryptionConfiguration", {"rule": {}}),
        ("lifecycleRules", INLINE["lifecycleRules"][:1]),
        ("lifecycleRules", [each | {"enabled": False} for each in INLINE["lifecycleRules"]]),
        ("lifecycleRules", [each | {"prefix": "a/"} for each in INLINE["lifecycleRules"]]),
    ],
)
def test_a_property_that_does_less_than_the_control_does_not_count(name: str, value: Any):
    bucket = resource("aws:s3/bucket:Bucket", INLINE | {name: value}, "store")
    assert len(violations(BUCKET_CONTROLS, [bucket, *controls(BUCKET_OF)[:2]])) == 1
