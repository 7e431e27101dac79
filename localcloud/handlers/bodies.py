"""Reads a request's body, and refuses one that does not fit its headers."""

from __future__ import annotations

import gzip
import zlib
from urllib.parse import parse_qs

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import asked_service
from localcloud.protocol.requests import Answer, Request, Response

_OF_OBJECTS = frozenset({"awsaccesskeyid", "expires", "partnumber", "signature", "uploadid"})
"""The parameters of an upload, in lower case, beside those that begin with `x-`."""


def read_body(request: Request, rest: Answer) -> Response:
    """Passes a request on once its whole body is read and decompressed.

    The body of an S3 object is left to S3.
    """
    try:
        _read(request)
    except ServiceError:
        # An incomplete body must not decide in which format the error is written.
        request.replace_body(b"")
        raise
    return rest(request)


def _read(request: Request) -> None:
    _ = request.length
    if asked_service(request) == "s3":
        if request.comes_in_chunks or not _may_store_an_object(request):
            _ = request.body
        return
    body = request.body
    if request.header("Content-Encoding") == "gzip":
        try:
            request.replace_body(gzip.decompress(body))
        except (OSError, EOFError, zlib.error) as error:
            raise ServiceError("MalformedHttpRequestException", "The body is not gzip") from error
        del request.environ["HTTP_CONTENT_ENCODING"]
    if request.has_target and not request.is_cbor:
        _ = request.document
    elif request.is_form and request.operation:
        _check_form(request.body)


def _may_store_an_object(request: Request) -> bool:
    """Whether a request to S3 may have the content of an object in its body."""
    names = {name.lower() for name in parse_qs(request.query, keep_blank_values=True)}
    others = {name for name in names if not name.startswith("x-")} - _OF_OBJECTS
    return request.method == "PUT" and not others


def _check_form(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise ServiceError("MalformedQueryString", "The form is not in UTF-8") from error
