"""Reads a request's body, and refuses one that does not fit its headers."""

from __future__ import annotations

import gzip
import zlib

from localcloud.protocol import chunked_bodies
from localcloud.protocol.errors import ServiceError, incomplete
from localcloud.protocol.operations import asked_service
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.whole_numbers import is_whole_number


def read_body(request: Request, rest: Answer) -> Response:
    """Passes a request on once its whole body is read, decompressed and decoded.

    The content of an S3 object is left compressed, as the client sent it.
    """
    try:
        _read(request)
    except ServiceError:
        # An incomplete body must not decide in which format the error is written.
        request.replace_body(b"")
        raise
    return rest(request)


def _read(request: Request) -> None:
    body = request.body
    if asked_service(request) == "s3":
        _decode(request)
        return
    if request.header("Content-Encoding") == "gzip":
        try:
            request.replace_body(gzip.decompress(body))
        except (OSError, EOFError, zlib.error) as error:
            raise ServiceError("MalformedHttpRequestException", "The body is not gzip") from error
        request.remove_header("Content-Encoding")
    if request.has_target and not request.is_cbor:
        _ = request.document
    elif request.is_form and request.operation:
        _check_form(request.body)


def _decode(request: Request) -> None:
    """Replaces a body in S3's own chunks by its content, and makes its trailers headers."""
    kind = request.header("X-Amz-Content-SHA256")
    if kind not in chunked_bodies.KINDS:
        return
    length = request.header("X-Amz-Decoded-Content-Length")
    if not is_whole_number(length):
        message = "You must provide the Content-Length HTTP header."
        raise ServiceError("MissingContentLength", message, 411)
    trailers = request.header("X-Amz-Trailer").lower().split(",")
    announced = frozenset(name for each in trailers if (name := each.strip()))
    decoded = chunked_bodies.decode(kind, request.body, announced)
    if len(decoded.content) != int(length):
        raise incomplete()
    request.replace_body(decoded.content)
    request.set_header("X-Amz-Content-SHA256", "UNSIGNED-PAYLOAD")
    for name, value in decoded.trailers.items():
        if request.header(name):
            message = "Expecting a single x-amz-checksum- header"
            raise ServiceError("InvalidRequest", message)
        request.set_header(name, value)


def _check_form(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise ServiceError("MalformedQueryString", "The form is not in UTF-8") from error
