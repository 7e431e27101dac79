"""The checksums with which a client protects what it sends to S3.

Each is known by its name in headers: x-amz-checksum-crc32 has `crc32`. Large contents are hashed
without Python's lock, so that other requests go on.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

HEADER = "x-amz-checksum-"
WHOLE_ONLY = "crc64nvme"
"""The algorithm that S3 has only for whole objects, not for a composite of their parts."""
_CRC_32C = 0x82F63B78
_CRC_64_NVME = 0x9A6C9329AC4BC9B5
"""Polynomials, with their bits reversed."""
_WORD = 8
_ROWS = (4096, 64)
"""The words of a row, from large contents to small ones."""
_Algorithm = Callable[[Iterable[bytes]], bytes]
"""The checksum of contents, one after the other."""


def checksum(algorithm: str, content: bytes) -> bytes:
    """The checksum of a content. Raises KeyError for an algorithm that is not known."""
    return checksum_of_all(algorithm, (content,))


def checksum_of_all(algorithm: str, contents: Iterable[bytes]) -> bytes:
    """The checksum of contents, one after the other. Raises KeyError as `checksum` does."""
    return _ALGORITHMS[algorithm](contents)


def is_known(algorithm: str) -> bool:
    """Whether a checksum of this algorithm can be calculated."""
    return algorithm in _ALGORITHMS


def size(algorithm: str) -> int:
    """The bytes of each checksum of an algorithm."""
    return len(checksum(algorithm, b""))


def _crc32(contents: Iterable[bytes]) -> bytes:
    state = 0
    for content in contents:
        state = zlib.crc32(content, state)
    return state.to_bytes(4, "big")


def _hashed(name: str) -> _Algorithm:
    def digest(contents: Iterable[bytes]) -> bytes:
        found = hashlib.new(name, usedforsecurity=False)
        for content in contents:
            found.update(content)
        return found.digest()

    return digest


def _folding(polynomial: int, size: int) -> _Algorithm:
    """A cyclic redundancy check that Python has not, at hundreds of megabytes a second."""
    ones = (1 << 8 * size) - 1

    def check(contents: Iterable[bytes]) -> bytes:
        state = ones
        for content in contents:
            state = _next_state(content, polynomial, state)
        return (state ^ ones).to_bytes(size, "big")

    return check


_ALGORITHMS: dict[str, _Algorithm] = {
    "crc32": _crc32,
    "crc32c": _folding(_CRC_32C, 4),
    "crc64nvme": _folding(_CRC_64_NVME, 8),
    **{name: _hashed(name) for name in ("md5", "sha1", "sha256", "sha512")},
}


def _next_state(content: bytes, polynomial: int, state: int) -> int:
    """The state of a check after a content.

    Such a state is linear in its bits. So a row of words is replaced by another row further on,
    which has the same effect on the result, until only a few words are left.
    """
    if len(content) >= 2 * _WORD * _ROWS[-1]:
        head = int.from_bytes(content[:_WORD], "little") ^ state
        content = _folded(content, polynomial, head)
        state = 0
    table = _table(polynomial)
    for byte in content:
        state = state >> 8 ^ table[(state ^ byte) & 0xFF]
    return state


def _folded(content: bytes, polynomial: int, head: int) -> bytes:
    """A short content with the same check as this one, whose first word becomes `head`."""
    import numpy as np

    for width in _ROWS:
        rows = len(content) // (_WORD * width)
        if rows < 2:
            continue
        words = np.frombuffer(content, "<u8", rows * width).reshape(rows, width)
        row = words[0].copy()
        row[0] = head
        shifts = _shifts(polynomial, width)
        for following in words[1:]:
            parts = row.view(np.uint8).reshape(width, _WORD)
            row = following.copy()
            for position, shift in enumerate(shifts):
                row ^= shift[parts[:, position]]
        content = row.tobytes() + content[words.nbytes :]
        head = int(row[0])
    return content


@cache
def _shifts(polynomial: int, width: int) -> Any:
    """For each byte of a word and each of its values, the effect of a row of words further on."""
    import numpy as np

    def applied(effects: Any, words: Any) -> Any:
        result = np.zeros_like(words)
        for bit, effect in enumerate(effects):
            result ^= (words >> np.uint64(bit) & np.uint64(1)) * effect
        return result

    table = _table(polynomial)
    # The effect of each bit of a word after one byte, then after two, four, …
    effects = np.array(
        [table[1 << bit] if bit < 8 else 1 << bit - 8 for bit in range(64)], dtype=np.uint64
    )
    for _ in range((_WORD * width).bit_length() - 1):
        effects = applied(effects, effects)
    values: Any = np.arange(256, dtype=np.uint64)
    return [applied(effects, values << np.uint64(8 * position)) for position in range(_WORD)]


@cache
def _table(polynomial: int) -> list[int]:
    """The effect of each value of the lowest byte of the state."""
    states = list(range(256))
    for _ in range(8):
        states = [state >> 1 ^ (polynomial if state & 1 else 0) for state in states]
    return states
