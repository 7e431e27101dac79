"""The parts of an upload to S3: their checksums, and what is left of them in an object."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from localcloud.protocol import checksums


@dataclass(frozen=True)
class UsedPart:
    """A part of an object: the object has its content. Snapshots have such parts."""

    size: int
    """In bytes."""
    etag: str

    def dispose(self) -> None:
        """Does nothing: it has no content of its own."""


def remember_checksum(part: Any, algorithm: str, checksum: str) -> None:
    """Keeps a checksum, in base 64, that a part's content was found to have."""
    part.checksum_algorithm, part.checksum_value = algorithm, checksum


def part_checksum(part: Any, algorithm: str) -> bytes:
    """A checksum of a part's content; it is calculated only if it is not kept."""
    if part.checksum_algorithm == algorithm:
        return base64.b64decode(part.checksum_value)
    found = checksums.checksum(algorithm, part.value)
    remember_checksum(part, algorithm, base64.b64encode(found).decode())
    return found
