"""What a request to S3 demands (Service Authorization Reference, "Amazon S3")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree

from localcloud.authorization.demands import Demand
from localcloud.moto_data import resources
from localcloud.protocol.s3_requests import S3Request, local_name

_ALGORITHM = "x-amz-server-side-encryption"
_HEADERS = (
    _ALGORITHM,
    f"{_ALGORITHM}-aws-kms-key-id",
    f"{_ALGORITHM}-customer-algorithm",
    "x-amz-acl",
    "x-amz-storage-class",
    "if-match",
    "if-none-match",
)
_LISTING = ("prefix", "delimiter", "max-keys")
_KMS = "aws:kms"

_Actions = Mapping[str, Mapping[str, tuple[str, ...]]]

_OBJECT: _Actions = {
    "GET": {
        "uploadId": ("ListMultipartUploadParts",),
        "acl": ("GetObject{}Acl",),
        "tagging": ("GetObject{}Tagging",),
        "retention": ("GetObjectRetention",),
        "legal-hold": ("GetObjectLegalHold",),
        "torrent": ("GetObject{}Torrent",),
        "attributes": ("GetObject{}", "GetObject{}Attributes"),
        "": ("GetObject{}",),
    },
    "HEAD": {"": ("GetObject{}",)},
    "PUT": {
        "acl": ("PutObject{}Acl",),
        "tagging": ("PutObject{}Tagging",),
        "retention": ("PutObjectRetention",),
        "legal-hold": ("PutObjectLegalHold",),
        "": ("PutObject",),
    },
    "POST": {"restore": ("RestoreObject",), "select": ("GetObject{}",), "": ("PutObject",)},
    "DELETE": {
        "uploadId": ("AbortMultipartUpload",),
        "tagging": ("DeleteObject{}Tagging",),
        "": ("DeleteObject{}",),
    },
}
"""The actions on an object by a request's method and its subresource; `{}` becomes "Version" if the
request names a version."""
_SETTINGS = {
    "accelerate": "AccelerateConfiguration",
    "acl": "BucketAcl",
    "analytics": "AnalyticsConfiguration",
    "cors": "BucketCORS",
    "encryption": "EncryptionConfiguration",
    "intelligent-tiering": "IntelligentTieringConfiguration",
    "inventory": "InventoryConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "logging": "BucketLogging",
    "metrics": "MetricsConfiguration",
    "notification": "BucketNotification",
    "object-lock": "BucketObjectLockConfiguration",
    "ownershipControls": "BucketOwnershipControls",
    "policy": "BucketPolicy",
    "publicAccessBlock": "BucketPublicAccessBlock",
    "replication": "ReplicationConfiguration",
    "requestPayment": "BucketRequestPayment",
    "tagging": "BucketTagging",
    "versioning": "BucketVersioning",
    "website": "BucketWebsite",
}
"""The settings of a bucket, as actions name them, by the request's subresource."""
_BUCKET: _Actions = {
    "GET": {
        "uploads": ("ListBucketMultipartUploads",),
        "versions": ("ListBucketVersions",),
        "location": ("GetBucketLocation",),
        "policyStatus": ("GetBucketPolicyStatus",),
        **{name: (f"Get{setting}",) for name, setting in _SETTINGS.items()},
        "": ("ListBucket",),
    },
    "HEAD": {"": ("ListBucket",)},
    "PUT": {
        **{name: (f"Put{setting}",) for name, setting in _SETTINGS.items()},
        "": ("CreateBucket",),
    },
    "DELETE": {
        **{name: (f"Put{setting}",) for name, setting in _SETTINGS.items()},
        "policy": ("DeleteBucketPolicy",),
        "website": ("DeleteBucketWebsite",),
        "": ("DeleteBucket",),
    },
}
"""The actions on a bucket; most settings are removed by the action that changes them."""
_WRITTEN_WITH = {
    "x-amz-acl": "PutObjectAcl",
    "x-amz-grant-read": "PutObjectAcl",
    "x-amz-grant-read-acp": "PutObjectAcl",
    "x-amz-grant-write-acp": "PutObjectAcl",
    "x-amz-grant-full-control": "PutObjectAcl",
    "x-amz-tagging": "PutObjectTagging",
    "x-amz-object-lock-mode": "PutObjectRetention",
    "x-amz-object-lock-retain-until-date": "PutObjectRetention",
    "x-amz-object-lock-legal-hold": "PutObjectLegalHold",
}
"""What a new object's headers demand besides."""
_WRITES = {"PUT", "POST", "DELETE"}
_BYPASS = "x-amz-bypass-governance-retention"


def demands(request: S3Request) -> Iterator[Demand]:
    """The demands of a request."""
    if not request.bucket:
        yield Demand("s3:ListAllMyBuckets")
    elif request.deletes_several:
        yield from _deletions(request)
    elif not request.key:
        yield from _on_bucket(request)
    else:
        yield from _on_object(request)


def _arn(bucket: str, key: str = "") -> str:
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"


def _actions(request: S3Request, known: _Actions) -> tuple[str, ...]:
    """The actions of a request: those of all subresources that it names, whichever S3 takes."""
    by_name = known.get(request.method, {})
    named = [name for name in by_name if name in request.query] or [""]
    version = "Version" if "versionId" in request.query else ""
    unknown = (f"{request.method.title()}Unknown",)
    return tuple(action.format(version) for name in named for action in by_name.get(name, unknown))


def _on_bucket(request: S3Request) -> Iterator[Demand]:
    listing = {
        f"s3:{name}": request.query[name]
        for name in _LISTING
        if name in request.query and request.method == "GET"
    }
    for action in _actions(request, _BUCKET):
        yield Demand(f"s3:{action}", _arn(request.bucket), listing)


def _on_object(request: S3Request) -> Iterator[Demand]:
    headers = {f"s3:{name}": request.headers[name] for name in _HEADERS if name in request.headers}
    arn = _arn(request.bucket, request.key)
    actions = _actions(request, _OBJECT)
    for action in actions:
        yield Demand(f"s3:{action}", arn, headers)
        if action in {"GetObject", "GetObjectVersion"}:
            yield from _decryption(request.bucket, request.key, request.query.get("versionId"))
    if "PutObject" in actions:
        yield from _of_new_object(request, arn, headers)
    if request.headers.get(_BYPASS, "").lower() == "true":
        yield Demand("s3:BypassGovernanceRetention", arn, headers)
    if request.headers.get("if-match", "*") != "*" and request.method in _WRITES:
        yield Demand("s3:GetObject", arn, headers)


def _of_new_object(request: S3Request, arn: str, headers: Mapping[str, str]) -> Iterator[Demand]:
    """What a write demands besides the permission to write."""
    yield from _encryption(request)
    for action in {_WRITTEN_WITH[name] for name in _WRITTEN_WITH if name in request.headers}:
        yield Demand(f"s3:{action}", arn, headers)
    if source := request.headers.get("x-amz-copy-source"):
        parts = urlsplit(source)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        version = parse_qs(parts.query).get("versionId", [None])[0]
        yield Demand(f"s3:GetObject{'Version' if version else ''}", _arn(bucket, key))
        yield from _decryption(bucket, key, version)


def _deletions(request: S3Request) -> Iterator[Demand]:
    try:
        root = ElementTree.fromstring(request.body)  # noqa: S314 - from a signed request
    except ElementTree.ParseError:
        # S3 itself refuses it.
        return
    if request.headers.get(_BYPASS, "").lower() == "true":
        yield Demand("s3:BypassGovernanceRetention", f"{_arn(request.bucket)}/*")
    for entry in root.iter():
        if local_name(entry) == "Object":
            version = "Version" if any(local_name(each) == "VersionId" for each in entry) else ""
            for key in (each.text or "" for each in entry if local_name(each) == "Key"):
                yield Demand(f"s3:DeleteObject{version}", _arn(request.bucket, key))


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
