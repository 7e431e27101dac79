"""The other services, which answer beside the training jobs."""

from __future__ import annotations

import json

from tests.localcloud.cloud import Cloud

TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::tls-only/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def test_other_services_answer_beside_it(cloud: Cloud):
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_bucket_policy_that_demands_tls_does_not_lock_everybody_out(cloud: Cloud):
    cloud.s3.create_bucket(Bucket="tls-only")
    cloud.s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps(TLS_ONLY))

    cloud.s3.put_object(Bucket="tls-only", Key="key", Body=b"value")

    assert cloud.s3.get_object(Bucket="tls-only", Key="key")["Body"].read() == b"value"


def test_a_bucket_whose_versioning_was_suspended_can_be_emptied_and_deleted(cloud: Cloud):
    bucket = {"Bucket": "suspended"}
    cloud.s3.create_bucket(**bucket)
    for status in ("Enabled", "Suspended"):
        cloud.s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": status})
        cloud.s3.put_object(**bucket, Key=status, Body=b"value")
        if status == "Enabled":
            cloud.s3.delete_object(**bucket, Key=status)
    listed = cloud.s3.list_object_versions(**bucket)
    versions = listed["Versions"] + listed["DeleteMarkers"]
    objects = [{name: version[name] for name in ("Key", "VersionId")} for version in versions]
    assert len(objects) == 3

    answer = cloud.s3.delete_objects(**bucket, Delete={"Objects": objects})

    assert "Errors" not in answer
    assert "Versions" not in cloud.s3.list_object_versions(**bucket)
    cloud.s3.delete_bucket(**bucket)
