"""Refuses requests to S3 that moto would crash on, or would carry out although S3 does not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote
from xml.etree import ElementTree

from localcloud.moto_data import resources
from localcloud.protocol.errors import ServiceError, malformed_xml
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request, local_name
from localcloud.protocol.whole_numbers import is_whole_number

_COUNTS = ("max-keys", "max-uploads", "max-parts", "part-number-marker")
_PARTS = range(1, 10_001)
_ENCRYPTION = "x-amz-server-side-encryption"
_CUSTOMER_KEY = f"{_ENCRYPTION}-customer-algorithm"
_SOURCE = "x-amz-copy-source"
_METADATA = "x-amz-meta-"
_MOST_METADATA = 2048
_LONGEST_KEY = 1024
"""Bytes."""
_MOST_DELETIONS = 1000
_LABEL = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_BUCKET_NAME = re.compile(rf"(?=.{{3,63}}$){_LABEL}(\.{_LABEL})*")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


def check_s3_request(request: Request, rest: Answer) -> Response:
    """Raises the ServiceError of S3 for a malformed request, or a key that the bucket blocks."""
    if request.signer.service == "s3":
        asked = S3Request.of(request)
        _check(asked)
        if not asked.key:
            _check_body(asked, request)
        if source := request.header(_SOURCE):
            # moto takes a semicolon for the end of the key.
            request.set_header(_SOURCE, source.replace(";", "%3B"))
    return rest(request)


def _check(request: S3Request) -> None:
    _check_sizes(request)
    _check_encryption(request.headers)
    if request.creates_bucket and not _is_bucket_name(request.bucket):
        raise ServiceError("InvalidBucketName", "The specified bucket is not valid.")
    _check_query(request)


def _check_sizes(request: S3Request) -> None:
    """Checks the lengths of the keys, and of what an object has besides its content."""
    source = unquote(request.headers.get(_SOURCE, "")).lstrip("/").partition("/")[2]
    for key in (request.key, source.partition("?versionId=")[0]):
        if len(key.encode()) > _LONGEST_KEY:
            raise ServiceError("KeyTooLongError", "Your key is too long")
    size = sum(
        len(name.removeprefix(_METADATA)) + len(value.encode())
        for name, value in request.headers.items()
        if name.startswith(_METADATA)
    )
    if size > _MOST_METADATA:
        message = "Your metadata headers exceed the maximum allowed metadata size"
        raise ServiceError("MetadataTooLarge", message)


def _check_encryption(headers: Mapping[str, str]) -> None:
    algorithm = headers.get(_ENCRYPTION)
    if algorithm not in {None, "AES256", "aws:kms", "aws:kms:dsse"}:
        message = "The encryption method specified is not supported"
        raise ServiceError("InvalidArgument", message)
    if f"{_ENCRYPTION}-aws-kms-key-id" in headers and algorithm in {None, "AES256"}:
        raise ServiceError(
            "InvalidArgument",
            "Server Side Encryption with AWS KMS managed key requires HTTP header "
            "x-amz-server-side-encryption : aws:kms",
        )


def _is_bucket_name(name: str) -> bool:
    """Whether a bucket may have a name (S3 User Guide, "General purpose bucket naming rules")."""
    return (
        _BUCKET_NAME.fullmatch(name) is not None
        and _ADDRESS.fullmatch(name) is None
        and not name.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
        and not name.endswith(("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"))
    )


def _check_query(request: S3Request) -> None:
    query, headers = request.query, request.headers
    for name in _COUNTS:
        if name in query and not is_whole_number(query[name]):
            message = f"Provided {name} not an integer or within integer range"
            raise ServiceError("InvalidArgument", message)
    if "partNumber" in query and not (
        is_whole_number(query["partNumber"]) and int(query["partNumber"]) in _PARTS
    ):
        message = "Part number must be an integer between 1 and 10000, inclusive"
        raise ServiceError("InvalidArgument", message)
    if "uploadId" in query and not _has_upload(request):
        raise ServiceError(
            "NoSuchUpload",
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
            "have been aborted or completed.",
            404,
        )
    if _CUSTOMER_KEY in headers and request.method != "GET" and _blocks_customer_keys(request):
        message = "Access Denied: the bucket blocks server-side encryption with the client's key"
        raise ServiceError("AccessDenied", message, 403)
    if request.deletes_several and not _names_objects(request.body):
        raise malformed_xml()


def _check_body(asked: S3Request, request: Request) -> None:
    """Raises the ServiceError of S3 for a body that a bucket does not take."""
    if asked.method == "POST" and not asked.deletes_several and request.form is None:
        message = "Bucket POST must be of the enclosure-type multipart/form-data"
        raise ServiceError("PreconditionFailed", message, 412)
    if asked.method == "PUT" and "versioning" in asked.query and not _has_status(request.body):
        message = "The Versioning element must be specified"
        raise ServiceError("IllegalVersioningConfigurationException", message)


def _has_status(body: bytes) -> bool:
    return any(local_name(each) == "Status" and each.text for each in _parse(body))


def _blocks_customer_keys(request: S3Request) -> bool:
    holder = resources.bucket(request.bucket)
    return holder is not None and "SSE-C" in resources.blocked_encryption(holder)


def _has_upload(request: S3Request) -> bool:
    """Whether an upload exists or was completed: a client may repeat a call after a lost answer."""
    holder, upload = resources.bucket(request.bucket), request.query["uploadId"]
    if holder is None or upload in holder.multiparts:
        return True
    stored = resources.stored_object(request.bucket, request.key, None)
    completed = getattr(stored, "multipart", None)
    return request.method == "POST" and completed is not None and completed.id == upload


def _names_objects(body: bytes) -> bool:
    root = _parse(body)
    objects = [each for each in root if local_name(each) == "Object"]
    keyed = all(any(local_name(part) == "Key" and part.text for part in each) for each in objects)
    return local_name(root) == "Delete" and 0 < len(objects) <= _MOST_DELETIONS and keyed


def _parse(body: bytes) -> ElementTree.Element:
    """Parses a body. Raises the ServiceError of S3 if it is not XML."""
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - expat limits what entities expand to
    except ElementTree.ParseError as error:
        raise malformed_xml() from error
