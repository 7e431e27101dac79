"""What the stack uploads of local files: copies, each known by the content that it has.

People save files while an update runs, and the engine uploads a file some time after the program
has named it. So what is hashed is the copy that is uploaded: an archive of a source, or a copy of
each file of data, in the program's own folder. A copy that is there already is used only
after its content was read.

A hash covers sorted names, executable bits and contents. It does not cover archive bytes, which
vary with the version of zlib, nor times and owners, which vary with the checkout. Any number of
processes may share the folder, as the updates of several stacks in one checkout do: each writes
its own files and moves them into place.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_HASH_DIGITS = 16
_SECONDS_KEPT = 7 * 86_400

Files = Mapping[str, Path]
"""Files by their names below a folder, in the order in which they are hashed and packed."""

Contents = dict[str, tuple[bool, bytes]]
"""Of each file, by its name: whether it is executable, and the SHA-256 of what is in it."""


def pack(files: Files, folder: Path, name: str) -> tuple[str, Path]:
    """Writes files to an archive in a folder of copies; returns their hash, and the archive.

    Raises:
        OSError: a file can't be read, or the archive can't be written.
    """
    digest = content_hash({each: _content(path) for each, path in files.items()})
    archive = folder / digest / name
    held = archived(archive)
    if held is None or content_hash(held) != digest:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder) as own:
            unfinished = Path(own) / name
            digest = content_hash(write_archive(files, unfinished))
            archive = folder / digest / name
            archive.parent.mkdir(exist_ok=True)
            unfinished.replace(archive)
    _use(archive.parent)
    return digest, archive


def copy(files: Files, folder: Path) -> tuple[str, dict[str, Path]]:
    """Copies files into a folder of copies; returns their hash, and the copy of each.

    Raises:
        OSError: a file can't be read, or its copy can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents: Contents = {}
    copies = {}
    with TemporaryDirectory(dir=folder) as own:
        for name, path in files.items():
            executable, digest = _content(path)
            kept = folder / digest.hex()
            if not kept.is_file() or _content(kept)[1] != digest:
                unfinished = shutil.copyfile(path, Path(own) / "copy")
                digest = _content(unfinished)[1]
                kept = unfinished.replace(folder / digest.hex())
            _use(kept)
            contents[name], copies[name] = (executable, digest), kept
    return content_hash(contents), copies


def tidy(folder: Path) -> None:
    """Removes the copies that no update has used for a week, and what a killed one left."""
    for path in folder.glob("*"):
        with suppress(OSError):  # another update has just removed it; or the next one tries again
            if time.time() - path.stat().st_mtime < _SECONDS_KEPT:
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def content_hash(contents: Contents) -> str:
    """The hash of the names and contents of files, in sixteen hexadecimal digits."""
    digest = hashlib.sha256()
    for name, (executable, content) in contents.items():
        digest.update(name.encode() + b"\0" + (b"x" if executable else b"-") + content)
    return digest.hexdigest()[:_HASH_DIGITS]


def write_archive(files: Files, archive: Path) -> Contents:
    """Writes files to a gzip-compressed tar archive; returns what was read, each file once."""
    contents: Contents = {}
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w") as tar,
    ):
        for name, path in files.items():
            with path.open("rb") as stream:
                executable, content = _is_executable(stream.fileno()), stream.read()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o755 if executable else 0o644
            tar.addfile(member, io.BytesIO(content))
            contents[name] = executable, hashlib.sha256(content).digest()
    return contents


def archived(archive: Path) -> Contents | None:
    """What an archive holds; None where there is none, or it can't be read to its end."""
    contents: Contents = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isfile() else None
                if stream is None:  # `write_archive` writes nothing but files
                    return None
                executable = bool(member.mode & 0o100)
                contents[member.name] = executable, hashlib.file_digest(stream, "sha256").digest()  # type: ignore[arg-type]
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return None
    return contents


def _use(path: Path) -> None:
    """Has `tidy` keep a copy for another week; another user's copy may be removed before."""
    with suppress(PermissionError):
        os.utime(path)


def _content(path: Path) -> tuple[bool, bytes]:
    with path.open("rb") as stream:
        return _is_executable(stream.fileno()), hashlib.file_digest(stream, "sha256").digest()


def _is_executable(descriptor: int) -> bool:
    return bool(os.stat(descriptor).st_mode & 0o100)
