"""What the official provider reports of a bucket although resources of their own have set it."""

from __future__ import annotations

from typing import Any

from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.common import answer_or_none, from_api, tag_map
from localcloud.awsplugin.resources.s3_settings import encryption_rule

REPORTED = "lifecycleRules logging policy serverSideEncryptionConfiguration versioning"
"""The properties that `siblings` returns."""


def siblings(s3: Any, bucket: str) -> Properties:
    """The settings of a bucket in the form of the bucket's own, deprecated properties."""
    versioning = s3.get_bucket_versioning(Bucket=bucket)
    policy = answer_or_none(lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
    lifecycle = answer_or_none(
        lambda: s3.get_bucket_lifecycle_configuration(Bucket=bucket), "NoSuchLifecycleConfiguration"
    )
    encryption = answer_or_none(
        lambda: s3.get_bucket_encryption(Bucket=bucket),
        "ServerSideEncryptionConfigurationNotFoundError",
    )
    logging = s3.get_bucket_logging(Bucket=bucket).get("LoggingEnabled")
    return {
        "lifecycleRules": [_rule(each) for each in (lifecycle or {}).get("Rules") or ()],
        "logging": logging
        and {
            "targetBucket": logging["TargetBucket"],
            "targetPrefix": logging.get("TargetPrefix", ""),
        },
        "policy": policy and policy["Policy"],
        "serverSideEncryptionConfiguration": encryption and _encryption(encryption),
        "versioning": {
            "enabled": versioning.get("Status") == "Enabled",
            "mfaDelete": versioning.get("MFADelete") == "Enabled",
        },
    }


def _encryption(answer: dict[str, Any]) -> Properties:
    [rule] = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return {"rule": encryption_rule(rule)}


def _rule(api: dict[str, Any]) -> Properties:
    """A lifecycle rule, without transitions."""
    chosen = api.get("Filter") or {}
    several = chosen.get("And") or {}
    expiration = dict(from_api(api.get("Expiration") or {}))
    if "date" in expiration:
        expiration["date"] = expiration["date"].strftime("%Y-%m-%d")
    return {
        "id": api.get("ID"),
        "enabled": api["Status"] == "Enabled",
        "prefix": chosen.get("Prefix") or several.get("Prefix") or api.get("Prefix") or "",
        "tags": tag_map(several.get("Tags") or ([chosen["Tag"]] if "Tag" in chosen else None)),
        "abortIncompleteMultipartUploadDays": (api.get("AbortIncompleteMultipartUpload") or {}).get(
            "DaysAfterInitiation"
        ),
        "expiration": expiration or None,
        "noncurrentVersionExpiration": _noncurrent(api.get("NoncurrentVersionExpiration")),
    }


def _noncurrent(api: dict[str, Any] | None) -> Properties | None:
    return {"days": api["NoncurrentDays"]} if api else None
