"""A job starts after, and ends before, everything that it works with."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.integration.full_platform.conftest import Platform
from tests.integration.timeline import TRAINING_JOB, TUNING_JOB, Timeline

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NEEDED = {
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/keyPolicy:KeyPolicy",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
}


@pytest.mark.parametrize(("name", "kind"), [("work", TRAINING_JOB), ("tuned", TUNING_JOB)])
def test_a_job_starts_after_everything_that_it_works_with(platform: Platform, name: str, kind: str):
    timeline = Timeline(platform.came_up, "create")
    used = timeline.used_by(name)
    assert Counter(each.type for each in used).keys() >= NEEDED
    assert timeline.not_before(timeline.the(kind), used) == []


def test_nothing_is_uploaded_before_the_bucket_has_its_controls(platform: Platform):
    timeline = Timeline(platform.came_up, "create")
    controls = [each for each in timeline.steps if each.type.startswith(("aws:s3/", "aws:kms/"))]
    uploads = [each for each in controls if each.type.endswith("BucketObjectv2")]
    assert uploads
    others = [each for each in controls if each not in uploads]
    assert all(timeline.not_before(each, others) == [] for each in uploads)
