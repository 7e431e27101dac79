"""The contents of S3 objects: moto copies each several times in memory before it is in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any


def correct() -> None:
    """Makes moto write a large content to its file at once, and not read it again for its ETag."""
    from moto.s3.models import FakeKey

    FakeKey.value = FakeKey.value.setter(_keep)


def _keep(key: Any, content: str | bytes | Iterable[bytes]) -> None:
    """Keeps the content of an object, or its pieces, which then are never in memory together."""
    if isinstance(content, str):
        content = content.encode()  # of a field of a browser's form
    pieces = (content,) if isinstance(content, bytes) else content
    buffer, size = key._value_buffer, 0
    buffer.seek(0)
    buffer.truncate()
    for piece in pieces:
        size += len(piece)
        if size > key._max_buffer_size:
            buffer.rollover()
        buffer.write(piece)
    key.contentsize = size
    if key._etag is None and isinstance(content, bytes):
        key._etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
