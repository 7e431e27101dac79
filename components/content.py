"""Local files as the stack uploads them: found by content, packed reproducibly.

A hash covers sorted names, executable bits and contents. It does not cover archive bytes, which
vary with the version of zlib, nor times and owners, which vary with the checkout.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

_HASH_DIGITS = 16
_CHUNK_BYTES = 1024 * 1024

Files = Mapping[str, Path]
"""Files by their names below a folder, in the order in which they are hashed and packed."""


def content_hash(files: Files) -> str:
    """Sixteen hexadecimal digits that stand for the names and contents of files."""
    digest = hashlib.sha256()
    for name, path in files.items():
        executable = b"x" if _is_executable(path) else b"-"
        digest.update(name.encode() + b"\0" + executable + _file_digest(path))
    return digest.hexdigest()[:_HASH_DIGITS]


def pack(files: Files, archive: Path) -> None:
    """Write files to a gzip-compressed tar archive, atomically; kept where it exists.

    The archive's name must contain the hash, so that one that exists is the same. Any number of
    processes may pack the same folder at once, as the updates of several stacks in one checkout
    do: each writes a file of its own and moves it into place.
    """
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=archive.parent) as own:
        unfinished = Path(own) / archive.name
        write_archive(files, unfinished)
        unfinished.replace(archive)


def write_archive(files: Files, archive: Path) -> None:
    """Write files, without owners and times, to a gzip-compressed tar archive."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for name, path in files.items():
            _add(tar, path, name)


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    content = path.read_bytes()
    member.size = len(content)
    member.mode = 0o755 if _is_executable(path) else 0o644
    tar.addfile(member, io.BytesIO(content))


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.digest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk
