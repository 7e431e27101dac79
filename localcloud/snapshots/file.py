"""A snapshot's file: a line that says what it is, then the data."""

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
"""The folder of what a server keeps, in its data folder, and the snapshot's name in it."""
FORMAT = 2
"""Raise it when what is kept changes in a way that an older snapshot does not know: also when a
module moves whose objects are kept."""


class OtherVersionError(Exception):
    """A snapshot is of another format, or of another version of moto or Python."""


@dataclass(frozen=True)
class Header:
    """What a snapshot says of itself."""

    format: int
    moto: str
    python: str
    taken: float
    """Seconds since the epoch."""
    sha256: str
    """Of the data."""


def write(path: Path, data: bytes, taken: float) -> None:
    """Writes a snapshot in the place of the one before."""
    header = Header(*_version(), taken, hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, json.dumps(asdict(header)).encode(), b"\n", data)


def read(path: Path) -> tuple[Header, bytes]:
    """A snapshot's header and data.

    Raises FileNotFoundError when there is none, OtherVersionError when it is of another version,
    and DamagedError when it is not what was once written.
    """
    line, _, data = path.read_bytes().partition(b"\n")
    try:
        document = json.loads(line)
        _check_version(document)
        header = Header(**document)
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{path} is no snapshot: {error}") from error
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
    """Moves a folder out of the way, under a name that says when, and returns where it is now."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = folder.with_name(f"{folder.name}-set-aside-{moment}-{time.time_ns() % 1_000_000:06d}")
    folder.replace(aside)
    return aside
