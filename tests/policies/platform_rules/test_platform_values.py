from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import resource, violations
from training_policies.platform_rules.platform_values import PLATFORM_VALUES
from training_policies.policy import Stack
from training_policies.resource import UNKNOWN

POLICIES = {policy.name: policy for policy in PLATFORM_VALUES}


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
    found = violations(
        POLICIES["s3-retained-in-production"], bucket, stack=Stack("stack", "research", stack)
    )
    assert bool(found) is violated


def test_where_only_the_stacks_tags_count_no_tag_of_a_bucket_takes_it_out_of_production():
    bucket = resource(
        "aws:s3/bucket:Bucket", {"forceDestroy": True, "tagsAll": {"environment": "dev"}}
    )
    untagged, dev = (Stack("stack", "research", each, tags_only=True) for each in ("", "dev"))
    assert violations(POLICIES["s3-retained-in-production"], bucket, stack=untagged)
    assert not violations(POLICIES["s3-retained-in-production"], bucket, stack=dev)


def test_a_key_that_cant_rotate_by_itself_need_not():
    assert violations(POLICIES["kms-key-rotation"], resource("aws:kms/key:Key", {})) != []
    signing = resource("aws:kms/key:Key", {"customerMasterKeySpec": "RSA_2048"})
    assert violations(POLICIES["kms-key-rotation"], signing) == []
