"""Uploads in several parts: their order, their checksums, and which parts an object has."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from localcloud.protocol import checksums

Part = tuple[int, str]
"""The number and the ETag of a part."""


def correct() -> None:
    """Corrects how moto's S3 completes an upload in several parts."""
    from moto.s3 import models, responses

    models.compute_checksum = responses.compute_checksum = _checksum
    builder, upload = models.MultipartChecksumBuilder, models.FakeMultipart
    builder.addPart, builder.build = _if_named(builder.addPart), _if_named(builder.build)
    builder.__init__ = _remembering(builder.__init__)
    upload.complete = _keeping_named_parts(upload.complete)
    named = responses.S3Response._complete_multipart_body
    responses.S3Response._complete_multipart_body = _in_order(named)


def _checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """A checksum; moto has CRC32 for two algorithms that Python lacks."""
    found = checksums.checksum(algorithm.lower(), body)
    return base64.b64encode(found) if encode_base64 else found


def _remembering(begin: Callable[..., None]) -> Callable[..., None]:
    """A constructor of an object's checksum that remembers whether the client named one."""

    @wraps(begin)
    def remember(builder: Any, algorithm: str | None, kind: str | None) -> None:
        begin(builder, algorithm, kind)
        builder.named = bool(algorithm)

    return remember


def _if_named(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that does nothing for a checksum that the client did not name.

    moto calculates one all the same, of a copy of the whole object, and forgets it.
    """

    @wraps(method)
    def calculate(builder: Any, *arguments: Any) -> Any:
        return method(builder, *arguments) if builder.named else None

    return calculate


def _keeping_named_parts(complete: Callable[..., Any]) -> Callable[..., Any]:
    """A completion after which the upload has only the parts that the object has."""

    @wraps(complete)
    def keep(upload: Any, body: Iterator[Part]) -> Any:
        parts = list(body)
        completed = complete(upload, iter(parts))
        numbers = [number for number, _ in parts]
        for number in upload.parts.keys() - set(numbers):
            upload.parts.pop(number).dispose()
        upload.partlist = numbers
        return completed

    return keep


def _in_order(named: Callable[..., Iterator[Part]]) -> Callable[..., Iterator[Part]]:
    """A reader of a request's parts that refuses them in any order but their own."""

    @wraps(named)
    def read(response: Any, body: bytes) -> Iterator[Part]:
        from moto.s3.exceptions import InvalidPartOrder

        last = 0
        for number, tag in named(response, body):
            if number <= last:
                raise InvalidPartOrder
            last = number
            yield number, tag

    return read
