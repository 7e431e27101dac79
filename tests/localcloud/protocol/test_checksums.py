"""Checksums, by the values that their specifications publish, and by their definition."""

from __future__ import annotations

import random

import pytest

from localcloud.protocol.checksums import checksum

NINE = b"123456789"
"""The content whose check each catalogue of cyclic redundancy checks names."""


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("md5", "25f9e794323b453885f5181f1b624d0b"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
    ],
)
def test_a_checksum_is_the_published_one(algorithm: str, expected: str):
    assert checksum(algorithm, NINE).hex() == expected


def defined(content: bytes, polynomial: int, bits: int) -> bytes:
    """A check by its definition, bit by bit."""
    state = ones = (1 << bits) - 1
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (polynomial if state & 1 else 0)
    return (state ^ ones).to_bytes(bits // 8, "big")


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1031, 4099, 65_535, 65_536, 70_003])
def test_a_check_of_any_size_is_that_of_its_definition(size: int):
    content = random.Random(size).randbytes(size)  # noqa: S311 - any content

    assert checksum("crc32c", content) == defined(content, 0x82F63B78, 32)
    assert checksum("crc64nvme", content) == defined(content, 0x9A6C9329AC4BC9B5, 64)
