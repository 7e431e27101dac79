"""Bodies in S3's own chunks, in which a client signs pieces or sends a checksum at the end.

Each chunk has its size, and its signature if chunks are signed: `1000;chunk-signature=…`. After a
chunk of size 0 come trailing headers (Amazon S3 API Reference, "Signature Calculations for the
Authorization Header: Transferring Payload in Multiple Chunks").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.protocol.errors import ServiceError, incomplete

_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
KINDS = (_UNSIGNED, _SIGNED, f"{_SIGNED}-TRAILER")
"""The values of the header x-amz-content-sha256 for a body in chunks."""
_SIZE = re.compile(rb"([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_LEAST_CHUNK = 8192
"""Bytes of each chunk but the last."""
_LINE_END = b"\r\n"
_SIGNATURE = "x-amz-trailer-signature"


@dataclass(frozen=True)
class Decoded:
    """What a body in chunks contains."""

    content: bytes
    trailers: dict[str, str]
    """The headers after the last chunk, by their names in lower case."""


def decode(kind: str, body: bytes, announced: frozenset[str]) -> Decoded:
    """Decodes a body of one of the KINDS, with the trailing headers that are announced.

    Raises ServiceError for a body that is incomplete or malformed.
    """
    pieces: list[memoryview] = []
    position = 0
    for start, end in _chunks(body, signed=kind != _UNSIGNED):
        pieces.append(memoryview(body)[start:end])
        position = end + len(_LINE_END)
    trailers = dict(_headers(body[_end_of_line(body, position) :]))
    trailers.pop(_SIGNATURE, None)
    if trailers.keys() != announced:
        raise _malformed_trailer()
    return Decoded(b"".join(pieces), trailers)


def _chunks(body: bytes, *, signed: bool) -> Iterator[tuple[int, int]]:
    """Where the content of each chunk begins and ends, up to the chunk without content."""
    position, smallest = 0, _LEAST_CHUNK
    while True:
        start = _end_of_line(body, position)
        found = _SIZE.fullmatch(body, position, start - len(_LINE_END))
        if found is None:
            raise incomplete()
        if signed and found[2] is None:
            raise ServiceError("SignatureDoesNotMatch", "A chunk has no signature", 403)
        size = int(found[1], 16)
        if not size:
            return
        if smallest < _LEAST_CHUNK:
            message = "Only the last chunk is allowed to have a size less than 8192 bytes"
            raise ServiceError("InvalidChunkSizeError", message, 403)
        smallest = size
        end = start + size
        if not body.startswith(_LINE_END, end):
            raise incomplete()
        yield start, end
        position = end + len(_LINE_END)


def _end_of_line(body: bytes, position: int) -> int:
    """The position after the line that begins at a position."""
    found = body.find(_LINE_END, position)
    if found < 0:
        raise incomplete()
    return found + len(_LINE_END)


def _headers(text: bytes) -> Iterator[tuple[str, str]]:
    """Headers up to an empty line or the end of the body."""
    while text:
        line, separator, text = text.partition(_LINE_END)
        if not separator:
            raise incomplete()
        if not line:
            return
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            raise _malformed_trailer()
        yield name.strip().lower(), value.strip()


def _malformed_trailer() -> ServiceError:
    return ServiceError(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema.",
    )
