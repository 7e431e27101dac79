from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import (
    NO_CHANGE,
    InputsError,
    Plugin,
    RefusedError,
    allow,
)

ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
POLICY = "aws:s3/bucketPolicy:BucketPolicy"


def tls_only(bucket: str, sid: str) -> str:
    arn = f"arn:aws:s3:::{bucket}"
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return allow(
        "s3:*",
        Effect="Deny",
        Resource=[arn, f"{arn}/*"],
        Principal="*",
        Condition=condition,
        Sid=sid,
    )


def test_a_public_access_block_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        {"bucket": plugin.bucket(), "blockPublicAcls": True, "blockPublicPolicy": True},
        change={"restrictPublicBuckets": True, "blockPublicAcls": False},
        replace={"bucket": plugin.bucket()},
    )


def test_ownership_controls_live_from_their_creation_to_their_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"bucket": plugin.bucket(), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        replace={"bucket": plugin.bucket()},
    )


def test_versioning_is_only_suspended_at_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:s3/bucketVersioning:BucketVersioning",
        {"bucket": plugin.bucket(), "versioningConfiguration": {"status": "Enabled"}},
        change={"versioningConfiguration": {"status": "Suspended"}},
        replace={"bucket": plugin.bucket()},
        stays=True,
    )


def test_the_end_of_a_buckets_own_encryption_leaves_s3s(plugin: Plugin) -> None:
    by_key = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": plugin.key().state["arn"]}
    plugin.assert_lifecycle(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {
            "bucket": plugin.bucket(),
            "rules": [{"applyServerSideEncryptionByDefault": by_key, "bucketKeyEnabled": True}],
        },
        change={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        replace={"bucket": plugin.bucket()},
        stays=True,
    )


def test_blocked_encryption_is_written_in_the_apis_form_and_read_back(
    plugin: Plugin, aws: Callable[[str], Any]
) -> None:
    bucket = plugin.bucket()
    rule: Properties = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    blocking = {**rule, "blockedEncryptionTypes": ["SSE-C"]}
    made = plugin.create(ENCRYPTION, {"bucket": bucket, "rules": [blocking]})

    answer = aws("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    assert answer["Rules"][0]["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}
    assert plugin.refresh(made) == made
    # What the program does not say stays as it is.
    assert plugin.diff(made, {"bucket": bucket, "rules": [rule]}).changes == NO_CHANGE
    other = {**rule, "blockedEncryptionTypes": ["NONE"]}
    assert plugin.diff(made, {"bucket": bucket, "rules": [other]}).changes != NO_CHANGE
    wrong = {**rule, "blockedEncryptionTypes": ["AES256"]}
    with pytest.raises(InputsError, match=r"one of \['SSE-C', 'NONE'\], got 'AES256'"):
        plugin.check(ENCRYPTION, {"bucket": bucket, "rules": [wrong]})


def test_a_policy_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    bucket, other = plugin.bucket(), plugin.bucket()
    plugin.assert_lifecycle(
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": bucket, "policy": tls_only(bucket, "TlsOnly")},
        change={"policy": tls_only(bucket, "Another")},
        replace={"bucket": other},
    )


def test_logging_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    logs = plugin.bucket()
    service = {"Service": "logging.s3.amazonaws.com"}
    written = allow("s3:PutObject", f"arn:aws:s3:::{logs}/*", Principal=service)
    plugin.create(POLICY, {"bucket": logs, "policy": written})
    plugin.assert_lifecycle(
        "aws:s3/bucketLogging:BucketLogging",
        {"bucket": plugin.bucket(), "targetBucket": logs, "targetPrefix": "logs/"},
        change={"targetPrefix": "access/"},
        replace={"bucket": plugin.bucket()},
    )


def test_a_public_policy_is_refused_where_such_are_blocked(plugin: Plugin) -> None:
    bucket = plugin.bucket()
    block = {"bucket": bucket, "blockPublicPolicy": True}
    plugin.create("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", block)
    public = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    with pytest.raises(RefusedError, match=r"AccessDenied: .* because public policies are blocked"):
        plugin.create(POLICY, {"bucket": bucket, "policy": public})


def test_a_policy_about_another_bucket_is_refused(plugin: Plugin) -> None:
    document = allow("s3:*", "arn:aws:s3:::another/*", Principal={"AWS": "123456789012"})
    with pytest.raises(RefusedError, match="MalformedPolicy: Policy has invalid resource"):
        plugin.create(POLICY, {"bucket": plugin.bucket(), "policy": document})
