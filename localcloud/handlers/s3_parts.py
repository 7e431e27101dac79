"""Reads of one part of an object that was uploaded in several, which moto answers with all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from localcloud.moto_data import resources
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request

_PART = "partNumber"


def read_s3_part(request: Request, rest: Answer) -> Response:
    """Passes a read of a part on as a read of the part's range. Raises ServiceError."""
    if request.method not in {"GET", "HEAD"} or request.signer.service != "s3":
        return rest(request)
    asked = S3Request.of(request)
    if _PART not in asked.query or "uploadId" in asked.query:
        return rest(request)
    stored = resources.stored_object(asked.bucket, asked.key, asked.query.get("versionId"))
    if stored is None:
        return rest(request)
    if "range" in asked.headers:
        message = "Cannot specify both Range header and partNumber query parameter"
        raise ServiceError("InvalidRequest", message)
    begin, size = _place(stored, int(asked.query[_PART]))
    query = parse_qsl(request.environ["QUERY_STRING"], keep_blank_values=True)
    remaining = [(name, value) for name, value in query if name != _PART]
    request.environ["QUERY_STRING"] = urlencode(remaining)
    if size:
        request.set_header("Range", f"bytes={begin}-{begin + size - 1}")
    response = rest(request)
    if stored.multipart is None:
        return response
    count = ("x-amz-mp-parts-count", str(len(stored.multipart.partlist)))
    return replace(response, headers=[*response.headers, count])


def _place(stored: Any, number: int) -> tuple[int, int]:
    """Where a part of an object begins, and its size. Raises ServiceError if there is none."""
    begin = 0
    for each, size in _sizes(stored):
        if each == number:
            return begin, size
        begin += size
    raise ServiceError("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)


def _sizes(stored: Any) -> list[tuple[int, int]]:
    """The number and the size of each part of an object; an object without parts has one."""
    if stored.multipart is None:
        return [(1, stored.size)]
    return [(number, stored.multipart.parts[number].size) for number in stored.multipart.partlist]
