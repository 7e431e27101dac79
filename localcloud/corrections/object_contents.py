"""The contents of S3 objects: moto copies each several times in memory before it is in a file.

Other requests go on while a content is written, or copied from its file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

from localcloud.moto_data.moto_lock import holds_moto, outside_moto, waiting


def correct() -> None:
    """Makes moto write a large content to its file at once, and not read it again for its ETag.

    Versions are listed without their contents, which moto copies for each page.
    """
    from moto.s3.models import FakeKey

    FakeKey.value = property(_reading(FakeKey.value.fget), _keep)
    FakeKey.__init__ = waiting(FakeKey.__init__)
    FakeKey.__deepcopy__ = _without_content


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
    # Otherwise its last bytes are not in the file yet.
    buffer.flush()
    key.contentsize = size
    if key._etag is None and isinstance(content, bytes):
        key._etag = _tag(content)


def _tag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _reading(read: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """Returns a reader of contents; a large one that is copied keeps no other request waiting."""

    def value(key: Any) -> bytes:
        if key.disposed or key.contentsize <= key._max_buffer_size or not holds_moto():
            return read(key)
        # Opened before others are let in; it stays open when moto's file is closed.
        with Path(f"/proc/self/fd/{key._value_buffer.fileno()}").open("rb") as file, outside_moto():
            return file.read()

    return value


def _without_content(key: Any, _copied: dict[int, Any]) -> Any:
    """A copy of an object for a list, which says what the object is."""
    kind: Any = type(key)
    copy = kind.__new__(kind)
    vars(copy).update(vars(key), _value_buffer=SpooledTemporaryFile(), disposed=True)  # noqa: SIM115
    return copy
