"""What a request to S3 demands (Service Authorization Reference, "Amazon S3")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

from localcloud.authorization.demands import Demand
from localcloud.moto_data import resources
from localcloud.protocol.s3_requests import S3Request

_ALGORITHM = "x-amz-server-side-encryption"
_HEADERS = (
    _ALGORITHM,
    f"{_ALGORITHM}-aws-kms-key-id",
    f"{_ALGORITHM}-customer-algorithm",
    "x-amz-acl",
    "x-amz-storage-class",
)
_LISTING = ("prefix", "delimiter", "max-keys")
_KMS = "aws:kms"

# The action for a method and the first of these query parameters; "" without any of them.
_OBJECT_ACTIONS = {
    ("GET", "uploadId"): "ListMultipartUploadParts",
    ("GET", "acl"): "GetObjectAcl",
    ("GET", "tagging"): "GetObjectTagging",
    ("GET", "attributes"): "GetObjectAttributes",
    ("GET", "versionId"): "GetObjectVersion",
    ("GET", ""): "GetObject",
    ("HEAD", "versionId"): "GetObjectVersion",
    ("HEAD", ""): "GetObject",
    ("PUT", "acl"): "PutObjectAcl",
    ("PUT", "tagging"): "PutObjectTagging",
    ("PUT", "retention"): "PutObjectRetention",
    ("PUT", "legal-hold"): "PutObjectLegalHold",
    ("PUT", ""): "PutObject",
    ("POST", "restore"): "RestoreObject",
    ("POST", ""): "PutObject",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", "tagging"): "DeleteObjectTagging",
    ("DELETE", "versionId"): "DeleteObjectVersion",
    ("DELETE", ""): "DeleteObject",
}
_BUCKET_ACTIONS = {
    ("GET", "uploads"): "ListBucketMultipartUploads",
    ("GET", "versions"): "ListBucketVersions",
    ("GET", "location"): "GetBucketLocation",
    ("GET", "versioning"): "GetBucketVersioning",
    ("GET", "policy"): "GetBucketPolicy",
    ("GET", "encryption"): "GetEncryptionConfiguration",
    ("GET", "tagging"): "GetBucketTagging",
    ("GET", "lifecycle"): "GetLifecycleConfiguration",
    ("GET", ""): "ListBucket",
    ("HEAD", ""): "ListBucket",
    ("PUT", ""): "CreateBucket",
    ("DELETE", ""): "DeleteBucket",
}


def demands(request: S3Request) -> Iterator[Demand]:
    """The demands of a request."""
    if not request.bucket:
        yield Demand("s3:ListAllMyBuckets")
    elif request.deletes_several:
        yield from _deletions(request)
    elif not request.key:
        yield _on_bucket(request)
    else:
        yield from _on_object(request)


def _arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _action(request: S3Request, actions: dict[tuple[str, str], str]) -> str:
    named = (
        action
        for (method, word), action in actions.items()
        if method == request.method and (not word or word in request.query)
    )
    return next(named, f"{request.method.title()}Unknown")


def _on_bucket(request: S3Request) -> Demand:
    listing = {
        f"s3:{name}": request.query[name]
        for name in _LISTING
        if name in request.query and request.method == "GET"
    }
    if request.method == "PUT" and request.query:
        # The action that changes a setting of a bucket has the setting's name.
        word = re.sub(r"\W", "", next(iter(request.query)).title())
        return Demand(f"s3:PutBucket{word}", _arn(request.bucket))
    action = _action(request, _BUCKET_ACTIONS)
    return Demand(f"s3:{action}", _arn(request.bucket), listing)


def _on_object(request: S3Request) -> Iterator[Demand]:
    action = _action(request, _OBJECT_ACTIONS)
    headers = {f"s3:{name}": request.headers[name] for name in _HEADERS if name in request.headers}
    arn = _arn(request.bucket, request.key)
    yield Demand(f"s3:{action}", arn, headers)
    if action in {"GetObject", "GetObjectVersion"}:
        yield from _decryption(request.bucket, request.key, request.query.get("versionId"))
    elif action == "PutObject":
        yield from _encryption(request)
        if source := request.headers.get("x-amz-copy-source"):
            bucket, _, key = unquote(urlsplit(source).path).lstrip("/").partition("/")
            yield Demand("s3:GetObject", _arn(bucket, key))
            yield from _decryption(bucket, key, None)


def _deletions(request: S3Request) -> Iterator[Demand]:
    try:
        root = ElementTree.fromstring(request.body)  # noqa: S314 - from a signed request
    except ElementTree.ParseError:
        # S3 itself refuses it.
        return
    for entry in root.iter():
        if entry.tag.rpartition("}")[2] == "Object":
            parts = {each.tag.rpartition("}")[2]: each.text or "" for each in entry}
            version = "Version" if "VersionId" in parts else ""
            yield Demand(f"s3:DeleteObject{version}", _arn(request.bucket, parts["Key"]))


def _decryption(bucket: str, key: str, version: str | None) -> Iterator[Demand]:
    stored = resources.stored_object(bucket, key, version)
    if stored is not None and stored.encryption == _KMS and stored.kms_key_id:
        yield _of_key("kms:Decrypt", stored.kms_key_id, bucket, key)


def _encryption(request: S3Request) -> Iterator[Demand]:
    """What a write demands; an upload in several parts also reads the earlier parts."""
    if upload := request.query.get("uploadId"):
        name = resources.upload_key(request.bucket, upload) or resources.default_key(request.bucket)
    else:
        name = _key_of(request)
    if not name:
        return
    yield _of_key("kms:GenerateDataKey", name, request.bucket, request.key)
    if {"uploads", "uploadId"} & request.query.keys():
        yield _of_key("kms:Decrypt", name, request.bucket, request.key)


def _key_of(request: S3Request) -> str:
    """The key that encrypts a new object; empty for S3's own."""
    algorithm = request.headers.get(_ALGORITHM)
    if algorithm is None:
        return resources.default_key(request.bucket)
    # Without a key's name, it is S3's own key, not the bucket's.
    return request.headers.get(f"{_ALGORITHM}-aws-kms-key-id", "") if algorithm == _KMS else ""


def _of_key(action: str, name: str, bucket: str, key: str) -> Demand:
    context = {"kms:EncryptionContext:aws:s3:arn": resources.encryption_context(bucket, key)}
    return Demand(action, None, context, key=name, via="s3")
