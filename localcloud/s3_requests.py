"""What S3 refuses of a request in words of its own, and moto fails at."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from xml.etree import ElementTree

from localcloud.authorization import found
from localcloud.authorization.s3 import S3Request
from localcloud.sagemaker.errors import ServiceError
from localcloud.wsgi import incomplete, is_number

_COUNTS = ("max-keys", "max-uploads", "max-parts", "part-number-marker")
_PARTS = range(1, 10_001)


def check(request: S3Request) -> None:
    """Raise ServiceError for a request that S3 refuses by its form, or for its upload."""
    query, headers = request.query, request.headers
    if headers.get("x-amz-content-sha256", "").startswith("STREAMING-") and not is_number(
        headers.get("x-amz-decoded-content-length", "")
    ):
        message = "You must provide the Content-Length HTTP header."
        raise ServiceError("MissingContentLength", message, 411)
    for name in _COUNTS:
        if name in query and not is_number(query[name]):
            message = f"Provided {name} not an integer or within integer range"
            raise ServiceError("InvalidArgument", message)
    if "partNumber" in query and not (
        is_number(query["partNumber"]) and int(query["partNumber"]) in _PARTS
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
    if request.deletes_several and not _names_objects(request.body):
        raise malformed_xml()


def malformed_xml() -> ServiceError:
    """Return the error for XML that is none, or that S3 has no use for."""
    return ServiceError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )


def mend() -> None:
    """Let moto's S3 refuse page tokens that it did not give, and bodies whose chunks are torn."""
    from moto.s3.models import S3Backend
    from moto.s3.responses import S3Response

    S3Backend.list_objects_v2 = _knowing_tokens(S3Backend.list_objects_v2)
    for name in ("_handle_encoded_body", "_handle_v4_chunk_signatures"):
        setattr(S3Response, name, _whole(getattr(S3Response, name)))


def _has_upload(request: S3Request) -> bool:
    """Tell whether an upload is there; one may be completed again, as after a lost answer."""
    holder, upload = found.bucket(request.bucket), request.query["uploadId"]
    if holder is None or upload in holder.multiparts:
        return True
    stored = found.stored_object(request.bucket, request.key, None)
    completed = getattr(stored, "multipart", None)
    return request.method == "POST" and completed is not None and completed.id == upload


def _names_objects(body: bytes) -> bool:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - expat limits what entities expand to
    except ElementTree.ParseError:
        return False
    objects = [each for each in root if _name(each) == "Object"]
    keyed = all(any(_name(part) == "Key" and part.text for part in each) for each in objects)
    return _name(root) == "Delete" and bool(objects) and keyed


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _knowing_tokens(listing: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(listing)
    def list_objects(backend: Any, *arguments: Any, **named: Any) -> Any:
        from moto.s3.exceptions import InvalidContinuationToken

        token = named.get("continuation_token")
        if token and token not in backend._pagination_tokens:
            raise InvalidContinuationToken
        return listing(backend, *arguments, **named)

    return list_objects


def _whole(decode: Callable[..., bytes]) -> Callable[..., bytes]:
    @wraps(decode)
    def decode_whole(response: Any, *arguments: Any) -> bytes:
        try:
            decoded = decode(response, *arguments)
        except ValueError as error:
            raise incomplete() from error
        if len(decoded) != int(response.headers["x-amz-decoded-content-length"]):
            raise incomplete()
        return decoded

    return decode_whole
