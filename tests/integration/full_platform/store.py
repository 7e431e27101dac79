"""The controls of an artifact bucket and its key, read from AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def bucket_policy_of(s3: Any, bucket: str) -> dict[str, Any]:
    """The policy that the bucket has."""
    return dict(json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]))


def key_policy_of(kms: Any, key_arn: str) -> dict[str, Any]:
    """The policy that the key has."""
    return dict(json.loads(kms.get_key_policy(KeyId=key_arn, PolicyName="default")["Policy"]))


def controls(client: Callable[[str], Any], bucket: str, key_arn: str) -> dict[str, Any]:
    """All that protects bucket and key, to compare it before and after."""
    s3, kms = client("s3"), client("kms")
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    metadata = kms.describe_key(KeyId=key_arn)["KeyMetadata"]
    return {
        "public access": s3.get_public_access_block(Bucket=bucket)[
            "PublicAccessBlockConfiguration"
        ],
        "ownership": s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"],
        "versioning": s3.get_bucket_versioning(Bucket=bucket)["Status"],
        "encryption": encryption,
        "policy": bucket_policy_of(s3, bucket),
        "lifecycle": s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"],
        "access logs": s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled"),
        "rotation": kms.get_key_rotation_status(KeyId=key_arn)["KeyRotationEnabled"],
        "key policy": key_policy_of(kms, key_arn),
        "key state": metadata["KeyState"],
        "alias": [each["AliasName"] for each in kms.list_aliases(KeyId=key_arn)["Aliases"]],
    }
