"""Objects in S3."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Asset, Properties
from localcloud.awsplugin.resource_type import ResourceType, names
from localcloud.awsplugin.resources.common import present, tag_list, tag_map
from localcloud.awsplugin.resources.s3_bucket import delete_versions, versions

_CONTENTS = ("source", "content", "contentBase64")
# Inputs that go into the request as they are, and come back in the answer.
_HEADERS = {
    "cacheControl": "CacheControl",
    "contentDisposition": "ContentDisposition",
    "contentEncoding": "ContentEncoding",
    "contentLanguage": "ContentLanguage",
    "contentType": "ContentType",
    "kmsKeyId": "SSEKMSKeyId",
    "objectLockLegalHoldStatus": "ObjectLockLegalHoldStatus",
    "objectLockMode": "ObjectLockMode",
    "objectLockRetainUntilDate": "ObjectLockRetainUntilDate",
    "serverSideEncryption": "ServerSideEncryption",
    "storageClass": "StorageClass",
    "websiteRedirect": "WebsiteRedirectLocation",
    "checksumAlgorithm": "ChecksumAlgorithm",
}
_CHECKSUMS = {
    "checksumCrc32": "ChecksumCRC32",
    "checksumCrc32c": "ChecksumCRC32C",
    "checksumCrc64nvme": "ChecksumCRC64NVME",
    "checksumSha1": "ChecksumSHA1",
    "checksumSha256": "ChecksumSHA256",
}


def _failures(inputs: Properties) -> Iterator[Failure]:
    given = [name for name in _CONTENTS if inputs.get(name) is not None]
    if len(given) > 1:
        yield Failure(given[0], f"only one of {', '.join(_CONTENTS)} can be set, got {given}")
    source = inputs.get("source")
    if source is not None and not isinstance(source, Asset):
        yield Failure("source", "must be an asset; an archive has to be packed into a file first")


def _body(inputs: Properties) -> bytes:
    source = inputs.get("source")
    if isinstance(source, Asset):
        return source.read()
    if inputs.get("contentBase64") is not None:
        return base64.b64decode(inputs["contentBase64"])
    return str(inputs.get("content") or "").encode()


def _put(cloud: Cloud, inputs: Properties) -> None:
    headers = {api: inputs.get(name) for name, api in _HEADERS.items()}
    if inputs.get("kmsKeyId"):
        headers.setdefault("ServerSideEncryption", "aws:kms")
        headers["ServerSideEncryption"] = headers["ServerSideEncryption"] or "aws:kms"
    cloud.client("s3").put_object(
        Bucket=inputs["bucket"],
        Key=inputs["key"],
        Body=_body(inputs),
        Tagging=urlencode(inputs.get("tagsAll") or {}),
        **present(
            **headers,
            ACL=inputs.get("acl"),
            BucketKeyEnabled=inputs.get("bucketKeyEnabled"),
            Metadata=inputs.get("metadata"),
        ),
    )


def _create(cloud: Cloud, inputs: Properties) -> str:
    _put(cloud, inputs)
    return str(inputs["key"])


def _place(identity: str, properties: Properties) -> tuple[str, str]:
    """Bucket and key: from the state, or from an imported id `bucket/key`."""
    if properties.get("bucket") and properties.get("key"):
        return properties["bucket"], properties["key"]
    bucket, _, key = identity.removeprefix("s3://").partition("/")
    return bucket, key


def _read(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    s3, (bucket, key) = cloud.client("s3"), _place(identity, previous)
    head = s3.head_object(Bucket=bucket, Key=key)
    tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
    return {
        **{name: _text(head.get(api)) for name, api in _HEADERS.items()},
        **{name: head.get(api, "") for name, api in _CHECKSUMS.items()},
        "arn": f"arn:{cloud.partition}:s3:::{bucket}/{key}",
        "bucket": bucket,
        "key": key,
        "etag": head["ETag"].strip('"'),
        "versionId": head.get("VersionId", ""),
        "storageClass": head.get("StorageClass", "STANDARD"),
        "bucketKeyEnabled": head.get("BucketKeyEnabled", False),
        "metadata": head.get("Metadata") or {},
        "acl": previous.get("acl"),
        "checksumAlgorithm": previous.get("checksumAlgorithm"),
        "tagsAll": tag_map(tags),
    }


def _text(value: Any) -> Any:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if hasattr(value, "strftime") else value


def _update(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    rest = _HEADERS.keys() | {
        *_CONTENTS,
        "sourceHash",
        "etag",
        "metadata",
        "bucketKeyEnabled",
        "acl",
    }
    if any(name in inputs and state.get(name) != inputs[name] for name in rest) or any(
        state.get(name) and name not in inputs for name in (*_CONTENTS, "metadata")
    ):
        _put(cloud, inputs)
    elif (state.get("tagsAll") or {}) != (inputs.get("tagsAll") or {}):
        cloud.client("s3").put_object_tagging(
            Bucket=inputs["bucket"],
            Key=inputs["key"],
            Tagging={"TagSet": tag_list(inputs.get("tagsAll"))},
        )


def _delete(cloud: Cloud, identity: str, state: Properties) -> None:
    """Deletes the object with all its versions, as the provider does."""
    s3, (bucket, key) = cloud.client("s3"), _place(identity, state)
    found = [item for item in versions(s3, bucket, key) if item["Key"] == key]
    delete_versions(s3, bucket, found)


TYPES = (
    ResourceType(
        type="aws:s3/bucketObjectv2:BucketObjectv2",
        source="s3/object.go",
        calls=(
            Call("s3", "PutObject", {**_HEADERS, "content": "Body", "contentBase64": "Body"}),
            Call("s3", "PutObjectTagging", {"tags": "Tagging.TagSet"}),
        ),
        most_tags=10,
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        gone=names("404 NoSuchKey NoSuchBucket"),
        validate=_failures,
        name=Autoname("key", 1024, random=False, prefix_property=""),
        required=names("bucket"),
        defaults={"forceDestroy": False},
        replaces=names("bucket key"),
        computed=names(
            "acl bucketKeyEnabled contentType etag kmsKeyId serverSideEncryption storageClass"
            " checksumAlgorithm"
        ),
        recomputed=names("etag versionId") | _CHECKSUMS.keys(),
        write_only=names("content contentBase64 forceDestroy overrideProvider source sourceHash"),
        outputs=names("arn versionId") | _CHECKSUMS.keys(),
        tagged=True,
    ),
)
