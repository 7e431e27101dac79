"""S3 buckets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.bucket_siblings import REPORTED, siblings
from localcloud.awsplugin.resources.common import answer_or_none, every, tag_list, tag_map

_GONE = ("404", "NoSuchBucket")
_NAME = re.compile(r"(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z")
_MOST_KEYS = 1000  # that one request may delete
_HOME = "us-east-1"  # the region that a location constraint does not name
_ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-west-2": "Z3BJ6K6RIION7M",
    "eu-west-1": "Z1BKCTXD74EZPE",
}
# Inputs of the bucket that are resources of their own today.
_SEPARATE = {
    "accelerationStatus": "BucketAccelerateConfiguration",
    "acl": "BucketAcl",
    "corsRules": "BucketCorsConfiguration",
    "grants": "BucketAcl",
    "lifecycleRules": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "policy": "BucketPolicy",
    "replicationConfiguration": "BucketReplicationConfig",
    "serverSideEncryptionConfiguration": "BucketServerSideEncryptionConfiguration",
    "versioning": "BucketVersioning",
    "website": "BucketWebsiteConfiguration",
}


def _failures(inputs: Properties) -> Iterator[Failure]:
    name = inputs.get("bucket")
    if name is not None and (not _NAME.match(name) or ".." in name):
        reason = (
            "3 to 63 lower-case letters, digits, dots and hyphens, ends being letters or digits"
        )
        yield Failure("bucket", f"invalid bucket name {name!r}: it must be {reason}")
    for old, new in _SEPARATE.items():
        if inputs.get(old):
            remedy = f"use aws.s3.{new}"
            yield Failure(old, f"is deprecated and not served by the local aws plugin; {remedy}")


def _create(cloud: Cloud, inputs: Properties) -> str:
    s3, name = cloud.client("s3"), str(inputs["bucket"])
    if answer_or_none(lambda: s3.head_bucket(Bucket=name), *_GONE) is not None:
        message = f"the bucket {name!r} exists already; import it or choose another name"
        raise AwsError("CreateBucket", "BucketAlreadyExists", message)
    place = {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
    s3.create_bucket(
        Bucket=name,
        ObjectLockEnabledForBucket=bool(inputs.get("objectLockEnabled")),
        **({} if cloud.region == _HOME else place),
    )
    return name


def _settle(cloud: Cloud, identity: str, inputs: Properties) -> None:
    if inputs.get("tagsAll"):
        tags = {"TagSet": tag_list(inputs["tagsAll"])}
        cloud.client("s3").put_bucket_tagging(Bucket=identity, Tagging=tags)


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    s3 = cloud.client("s3")
    s3.head_bucket(Bucket=identity)
    tags = answer_or_none(lambda: s3.get_bucket_tagging(Bucket=identity), "NoSuchTagSet")
    lock = answer_or_none(
        lambda: s3.get_object_lock_configuration(Bucket=identity),
        "ObjectLockConfigurationNotFoundError",
    )
    return {
        "arn": f"arn:{cloud.partition}:s3:::{identity}",
        "bucket": identity,
        "bucketDomainName": f"{identity}.s3.amazonaws.com",
        "bucketRegion": cloud.region,
        "bucketRegionalDomainName": f"{identity}.s3.{cloud.region}.amazonaws.com",
        "hostedZoneId": _ZONES.get(cloud.region, ""),
        "objectLockEnabled": lock is not None,
        "requestPayer": "BucketOwner",
        "tagsAll": tag_map((tags or {}).get("TagSet")),
        **(siblings(s3, identity) if cloud.settings.reports_siblings else {}),
    }


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    if (state.get("tagsAll") or {}) == (inputs.get("tagsAll") or {}):
        return
    if inputs.get("tagsAll"):
        _settle(cloud, identity, inputs)
    else:
        cloud.client("s3").delete_bucket_tagging(Bucket=identity)


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    s3 = cloud.client("s3")
    if state.get("forceDestroy"):
        _empty(s3, identity)
    s3.delete_bucket(Bucket=identity)


def _empty(s3: Any, bucket: str) -> None:
    """Deletes every version, delete marker and unfinished upload in the bucket."""
    delete_versions(s3, bucket, versions(s3, bucket))
    for upload in every(s3, "list_multipart_uploads", "Uploads", Bucket=bucket):
        s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])


def versions(s3: Any, bucket: str, prefix: str = "") -> list[Properties]:
    """The versions and delete markers of the keys with a prefix, over all pages."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
    return [
        {"Key": item["Key"], "VersionId": item["VersionId"]}
        for page in pages
        for kind in ("Versions", "DeleteMarkers")
        for item in page.get(kind) or ()
    ]


def delete_versions(s3: Any, bucket: str, found: Sequence[Properties]) -> None:
    """Deletes what `versions` found.

    Raises:
        AwsError: some were refused, and all others were deleted; it names the first.

    """
    refused: list[dict[str, Any]] = []
    for start in range(0, len(found), _MOST_KEYS):
        objects = {"Objects": found[start : start + _MOST_KEYS], "Quiet": True}
        refused += s3.delete_objects(Bucket=bucket, Delete=objects).get("Errors") or ()
    if refused:
        first = refused[0]
        message = (
            f"{len(refused)} of {len(found)} object versions were not deleted. The first: "
            f"{first['Key']}, version {first.get('VersionId', 'null')}: "
            f"{first.get('Message') or first['Code']}"
        )
        raise AwsError("DeleteObjects", first["Code"], message)


TYPES = (
    ResourceType(
        type="aws:s3/bucket:Bucket",
        source="s3/bucket.go",
        calls=(
            Call("s3", "CreateBucket"),
            Call("s3", "PutBucketTagging", {"tags": "Tagging.TagSet"}),
            Call(
                "s3",
                "PutBucketRequestPayment",
                {"requestPayer": "RequestPaymentConfiguration.Payer"},
            ),
            Call("s3", "PutObjectLockConfiguration"),
        ),
        create=_create,
        settle=_settle,
        read=_read,
        update=_update,
        delete=_delete,
        gone=frozenset(_GONE),
        validate=_failures,
        name=Autoname("bucket", 63, str.lower, prefix_property="bucketPrefix"),
        defaults={"forceDestroy": False},
        replaces=names("bucket bucketPrefix bucketNamespace objectLockEnabled"),
        computed=names("bucket bucketPrefix bucketNamespace objectLockEnabled requestPayer")
        | names(REPORTED),
        write_only=names("forceDestroy bucketNamespace"),
        outputs=names(
            "arn bucketDomainName bucketRegion bucketRegionalDomainName hostedZoneId"
            " websiteDomain websiteEndpoint"
        ),
        same=policy("policy"),
        tagged=True,
    ),
)
