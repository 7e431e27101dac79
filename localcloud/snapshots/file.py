"""The file of a snapshot: a line that describes it, then the data."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from localcloud.snapshots.contents import DamagedError, write_whole

KEPT, SNAPSHOT = "kept", "snapshot"
"""The folder of snapshots in the data folder, and the snapshot's name in it."""
FORMAT = 2
"""Raise it if an older snapshot can't be read any more, also if a module moves whose objects are in
snapshots."""


class OtherVersionError(Exception):
    """A snapshot is of another format, or of another version of moto or Python."""


@dataclass(frozen=True)
class Header:
    """The description of a snapshot."""

    format: int
    moto: str
    python: str
    taken: float
    """When it was taken, in epoch seconds."""
    sha256: str
    """The SHA-256 of the data."""


def write(path: Path, data: bytes, taken: float) -> None:
    """Writes a snapshot, in place of the last one."""
    header = Header(*_version(), taken, hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, json.dumps(asdict(header)).encode(), b"\n", data)


def read(path: Path) -> tuple[Header, bytes]:
    """A snapshot's header and data.

    Raises FileNotFoundError if there is none, OtherVersionError if it is of another version, and
    DamagedError if it was changed.
    """
    line, _, data = path.read_bytes().partition(b"\n")
    try:
        document = json.loads(line)
        _check_version(document)
        header = Header(**document)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{path} is not a snapshot: {error}") from error
    if hashlib.sha256(data).hexdigest() != header.sha256:
        raise DamagedError(f"{path} was changed")
    return header, data


def _version() -> tuple[int, str, str]:
    return FORMAT, version("moto"), f"{sys.version_info.major}.{sys.version_info.minor}"


def _check_version(document: dict[str, Any]) -> None:
    found, own = (document["format"], document["moto"], document["python"]), _version()
    if found != own:
        raise OtherVersionError(f"it is {_described(*found)}, and this is {_described(*own)}")


def _described(number: object, moto: object, python: object) -> str:
    return f"format {number} of moto {moto} on Python {python}"


def set_aside(folder: Path) -> Path:
    """Renames a folder, with the time in its new name, and returns the new path."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = folder.with_name(f"{folder.name}-set-aside-{moment}-{time.time_ns() % 1_000_000:06d}")
    folder.replace(aside)
    return aside
