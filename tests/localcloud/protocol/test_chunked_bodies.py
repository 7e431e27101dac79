"""Bodies in S3's own chunks: what they contain, and what is refused."""

from __future__ import annotations

import pytest

from localcloud.protocol.chunked_bodies import KINDS, Decoded, decode
from localcloud.protocol.errors import ServiceError

UNSIGNED, SIGNED, SIGNED_WITH_TRAILER = KINDS
CRC32 = "x-amz-checksum-crc32"
NAMED = frozenset({CRC32})
FULL = b"f" * 8192
MARK = b";chunk-signature=" + b"0" * 64


def test_the_content_and_the_trailers_of_each_kind_are_found():
    trailer = b"x-amz-checksum-crc32:AAAAAA==\r\n"
    signature = b"x-amz-trailer-signature:" + b"0" * 64 + b"\r\n"
    two = b"2000\r\n" + FULL + b"\r\n1\r\ny\r\n0\r\n"
    signed = two.replace(b"\r\n", MARK + b"\r\n")
    signed = signed.replace(FULL + MARK, FULL).replace(b"y" + MARK, b"y")
    expected = Decoded(FULL + b"y", {CRC32: "AAAAAA=="})

    assert decode(UNSIGNED, two + trailer + b"\r\n", NAMED) == expected
    assert decode(SIGNED, signed + b"\r\n", frozenset()) == Decoded(FULL + b"y", {})
    assert decode(SIGNED_WITH_TRAILER, signed + trailer + signature + b"\r\n", NAMED) == expected
    assert decode(UNSIGNED, b"0\r\n", frozenset()) == Decoded(b"", {})


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (UNSIGNED, b"", "IncompleteBody"),
        (UNSIGNED, b"3\r\nabc\r\n", "IncompleteBody"),
        (UNSIGNED, b"9\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (UNSIGNED, b"2\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (UNSIGNED, b"-1\r\nabc\r\n0\r\n\r\n", "IncompleteBody"),
        (UNSIGNED, b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "InvalidChunkSizeError"),
        (SIGNED, b"1\r\na\r\n0\r\n\r\n", "SignatureDoesNotMatch"),
        (UNSIGNED, b"1\r\na\r\n0\r\n\r\n", "MalformedTrailerError"),
        (UNSIGNED, b"1\r\na\r\n0\r\nnothing\r\n\r\n", "MalformedTrailerError"),
        (UNSIGNED, b"1\r\na\r\n0\r\nx-amz-checksum-sha1:A=\r\n\r\n", "MalformedTrailerError"),
        (UNSIGNED, b"1\r\na\r\n0\r\nx-amz-checksum-crc32:A=", "IncompleteBody"),
    ],
)
def test_a_body_that_is_incomplete_or_malformed_is_refused(kind: str, body: bytes, code: str):
    with pytest.raises(ServiceError) as refused:
        decode(kind, body, NAMED)

    assert refused.value.code == code
