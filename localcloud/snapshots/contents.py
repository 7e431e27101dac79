"""The contents of S3 objects, as files that are named by their SHA-256 and written once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


class DamagedError(Exception):
    """A file is missing, or was changed since it was written; the message names it."""


class Contents:
    """A folder of contents.

    What is put stays in memory until `write`, so that requests don't wait for the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[str] = set()
        self._pending: dict[str, bytes] = {}

    def has(self, name: str) -> bool:
        """Whether a content was put or read before."""
        return name in self._written or name in self._pending

    def put(self, content: bytes) -> str:
        """Adds a content, and returns its name."""
        name = hashlib.sha256(content).hexdigest()
        if not self.has(name):
            self._pending[name] = content
        return name

    def write(self) -> None:
        """Writes what was put. Raises OSError if the disk refuses."""
        for name, content in self._pending.items():
            path = self._path(name)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_file(path, content)
        for folder in {self._path(name).parent for name in self._pending}:
            _flush_folder(folder)
        self._written |= self._pending.keys()
        self._pending.clear()

    def read(self, name: str) -> bytes:
        """The content with a name. Raises DamagedError if it is missing or was changed."""
        try:
            content = self._path(name).read_bytes()
        except OSError as error:
            raise DamagedError(f"{self._path(name)} can't be read: {error}") from error
        if hashlib.sha256(content).hexdigest() != name:
            raise DamagedError(f"{self._path(name)} was changed")
        self._written.add(name)
        return content

    def keep_only(self, names: set[str]) -> None:
        """Removes all contents except these, and the incomplete files of a killed server."""
        for path in self._folder.glob("*/*"):
            if path.name not in names:
                path.unlink()
        self._written &= names

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def write_whole(path: Path, *pieces: bytes) -> None:
    """Writes a file so that, even after a crash, it is either complete or does not exist."""
    _write_file(path, *pieces)
    _flush_folder(path.parent)


def _write_file(path: Path, *pieces: bytes) -> None:
    new = path.with_name(path.name + ".new")
    try:
        with new.open("wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # A disk that is full gets back what was written.
        new.unlink(missing_ok=True)
        raise
    new.replace(path)


def _flush_folder(folder: Path) -> None:
    """Makes renames within a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
