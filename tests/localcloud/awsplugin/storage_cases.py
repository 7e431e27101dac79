"""Buckets, their settings and objects."""

from __future__ import annotations

import json

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.world import RETAG, TAGS, Case, World, allow, change


def _bucket_policy(world: World) -> Properties:
    bucket = world.bucket()
    return {"bucket": bucket, "policy": _tls_only(bucket)}


def _tls_only(bucket: str, sid: str = "TlsOnly") -> str:
    arn = f"arn:aws:s3:::{bucket}"
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": sid,
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        }
    )


def _logging(world: World) -> Properties:
    target = world.bucket()
    world.make(
        "aws:s3/bucketPolicy:BucketPolicy",
        {
            "bucket": target,
            "policy": allow(
                "s3:PutObject",
                f"arn:aws:s3:::{target}/*",
                Principal={"Service": "logging.s3.amazonaws.com"},
            ),
        },
    )
    return {"bucket": world.bucket(), "targetBucket": target, "targetPrefix": "logs/"}


def _lifecycle_rule(days: int) -> Properties:
    return {
        "id": "checkpoints",
        "status": "Enabled",
        "filter": {"prefix": "jobs/"},
        "expiration": {"days": days},
        "noncurrentVersionExpiration": {"noncurrentDays": 7, "newerNoncurrentVersions": 2},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 3},
    }


def _encryption(world: World) -> Properties:
    default = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": world.key().state["arn"]}
    rule = {"applyServerSideEncryptionByDefault": default, "bucketKeyEnabled": True}
    return {"bucket": world.bucket(), "rules": [rule]}


STORAGE_CASES = [
    Case(
        "aws:s3/bucket:Bucket", lambda _: {**TAGS}, RETAG, change(bucket="another-name"), "bucket"
    ),
    Case(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        lambda w: {"bucket": w.bucket(), "blockPublicAcls": True, "blockPublicPolicy": True},
        change(restrictPublicBuckets=True, blockPublicAcls=False),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        lambda w: {"bucket": w.bucket(), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change(rule={"objectOwnership": "BucketOwnerPreferred"}),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketVersioning:BucketVersioning",
        lambda w: {"bucket": w.bucket(), "versioningConfiguration": {"status": "Enabled"}},
        change(versioningConfiguration={"status": "Suspended"}),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
        stays=True,
    ),
    Case(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        _encryption,
        change(rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketPolicy:BucketPolicy",
        _bucket_policy,
        lambda _, inputs: {**inputs, "policy": _tls_only(inputs["bucket"], "Another")},
        lambda w, _: _bucket_policy(w),
        "bucket",
    ),
    Case(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        lambda w: {"bucket": w.bucket(), "rules": [_lifecycle_rule(30)]},
        change(
            rules=[
                _lifecycle_rule(60),
                {
                    **_lifecycle_rule(1),
                    "id": "b",
                    "filter": {"and": {"prefix": "x", "tags": {"a": "b"}}},
                },
            ]
        ),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketLogging:BucketLogging",
        _logging,
        change(targetPrefix="access/"),
        lambda w, inputs: {**inputs, "bucket": w.bucket()},
        "bucket",
    ),
    Case(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        lambda w: {"bucket": w.bucket(), "content": "one", "metadata": {"a": "b"}, **TAGS},
        change(content="two", contentType="text/plain"),
        change(key="another"),
        "key",
        import_id=lambda resource: f"{resource.state['bucket']}/{resource.id}",
    ),
]
