"""Uploads in several parts: their order, their checksums, and which parts an object has."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from localcloud.moto_data.moto_lock import waiting
from localcloud.moto_data.upload_parts import UsedPart, part_checksum
from localcloud.protocol import checksums

Part = tuple[int, str]
"""The number and the ETag of a part."""
Checksum = tuple[str, str, int]
"""The kind of an object's checksum, its value in base 64, and the number of parts it is made of."""

_claims = threading.Lock()


def correct() -> None:
    """Corrects how moto's S3 completes an upload in several parts."""
    from moto.s3 import models, responses

    models.compute_checksum = responses.compute_checksum = waiting(_checksum)
    models.FakeMultipart.complete = _complete
    named = responses.S3Response._complete_multipart_body
    responses.S3Response._complete_multipart_body = _in_order(named)


def _checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """A checksum; moto has CRC32 for two algorithms that Python lacks."""
    found = checksums.checksum(algorithm.lower(), body)
    return base64.b64encode(found) if encode_base64 else found


def _complete(upload: Any, body: Iterator[Part]) -> tuple[Iterator[bytes], str, Checksum | None]:
    """The pieces of an upload's object, its ETag, and its checksum if the client named one.

    moto keeps every part beside the object. Here the object takes them over, and the upload has
    only the sizes of those that were used. Raises the error of S3 for parts that don't fit.
    """
    from moto.s3.exceptions import NoSuchUpload

    parts = upload.parts
    used = _named_parts(parts, body)
    tags = b"".join(bytes.fromhex(_unquoted(part.etag)) for part in used.values())
    tag = f"{hashlib.md5(tags, usedforsecurity=False).hexdigest()}-{len(used)}"
    found = _object_checksum(upload.metadata, list(used.values()))
    with _claims:
        # Two requests may complete one upload at a time.
        if upload.parts is not parts:
            raise NoSuchUpload(upload_id=upload.id)
        upload.parts = {number: UsedPart(part.size, part.etag) for number, part in used.items()}
    upload.partlist = list(used)
    for number in parts.keys() - used.keys():
        parts[number].dispose()
    return _taken(list(used.values())), tag, found


def _named_parts(parts: dict[int, Any], body: Iterator[Part]) -> dict[int, Any]:
    """The parts that a request names. Raises the error of S3 for one that does not fit."""
    from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
    from moto.settings import S3_UPLOAD_PART_MIN_SIZE

    named: dict[int, Any] = {}
    size = S3_UPLOAD_PART_MIN_SIZE
    for number, tag in body:
        part = parts.get(number)
        if part is None or _unquoted(part.etag) != _unquoted(tag):
            raise InvalidPart
        if size < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        named[number], size = part, part.size
    if not named:
        raise MalformedXML
    return named


def _unquoted(tag: str) -> str:
    return tag.replace('"', "")


def _object_checksum(metadata: Any, parts: list[Any]) -> Checksum | None:
    """The checksum of an object, of the type that its upload was begun with; None without one."""
    algorithm = (metadata.get("x-amz-checksum-algorithm") or "").lower()
    if not algorithm:
        return None
    default = "FULL_OBJECT" if algorithm == checksums.WHOLE_ONLY else "COMPOSITE"
    kind = metadata.get("x-amz-checksum-type") or default
    if kind == "COMPOSITE":
        pieces, count = (part_checksum(part, algorithm) for part in parts), len(parts)
    else:
        pieces, count = (part.value for part in parts), 1
    return kind, base64.b64encode(checksums.checksum_of_all(algorithm, pieces)).decode(), count


def _taken(parts: list[Any]) -> Iterator[bytes]:
    """The content of each part, which then is released."""
    for part in parts:
        yield part.value
        part.dispose()


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
