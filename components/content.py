"""Local files and folders as the stack uploads them: found by content, packed reproducibly.

A hash covers sorted paths, executable bits and contents. It does not cover archive bytes, which
vary with the version of zlib, nor times and owners, which vary with the checkout.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

_LEFT_OUT = frozenset({"__pycache__", ".git", ".venv", ".ipynb_checkpoints", ".DS_Store"})
_HASH_DIGITS = 16
_CHUNK_BYTES = 1024 * 1024


def files_in(root: Path) -> list[Path]:
    """The files that count, relative to `root` and sorted; for a file, the file's own name.

    Raises:
        ValueError: a file is a symbolic link that leads out of the folder.
    """
    if root.is_file():
        return [Path(root.name)]
    found = sorted(
        path for path in root.rglob("*") if path.is_file() and not _is_left_out(path, root)
    )
    for path in found:
        if not path.resolve().is_relative_to(root.resolve()):
            raise ValueError(f"{path} leads out of {root}: put the file itself into the folder")
    return [path.relative_to(root) for path in found]


def content_hash(root: Path) -> str:
    """Sixteen hexadecimal digits that stand for a file's or folder's contents."""
    digest = hashlib.sha256()
    for relative in files_in(root):
        path = _located(root, relative)
        executable = b"x" if _is_executable(path) else b"-"
        digest.update(relative.as_posix().encode() + b"\0" + executable + _file_digest(path))
    return digest.hexdigest()[:_HASH_DIGITS]


def pack(root: Path, archive: Path) -> None:
    """Write a folder to a gzip-compressed tar archive, atomically; kept where it exists.

    The archive's name must contain the hash, so that one that exists is the same. Any number of
    processes may pack the same folder at once, as the updates of several stacks in one checkout
    do: each writes a file of its own and moves it into place.
    """
    if archive.exists():
        return
    archive.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=archive.parent) as own:
        unfinished = Path(own) / archive.name
        write_archive(root, unfinished)
        unfinished.replace(archive)


def write_archive(root: Path, archive: Path) -> None:
    """Write a folder's files, without owners and times, to a gzip-compressed tar archive."""
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for relative in files_in(root):
            _add(tar, _located(root, relative), relative)


def _add(tar: tarfile.TarFile, path: Path, relative: Path) -> None:
    member = tarfile.TarInfo(relative.as_posix())
    content = path.read_bytes()
    member.size = len(content)
    member.mode = 0o755 if _is_executable(path) else 0o644
    tar.addfile(member, io.BytesIO(content))


def _located(root: Path, relative: Path) -> Path:
    return root if root.is_file() else root / relative


def _is_left_out(path: Path, root: Path) -> bool:
    return path.suffix == ".pyc" or any(part in _LEFT_OUT for part in path.relative_to(root).parts)


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
