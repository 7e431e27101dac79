"""A snapshot's file: a line that says what it is, then the data."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from localcloud.snapshots.contents import DamagedError, write_whole

FORMAT = 1
"""To be raised when what is kept changes in a way that an older snapshot does not know."""


class OtherVersionError(Exception):
    """A snapshot is of another format, or of another version of moto."""


@dataclass(frozen=True)
class Header:
    """What a snapshot says of itself."""

    format: int
    moto: str
    taken: float
    """Seconds since the epoch."""
    sha256: str
    """Of the data."""


def write(path: Path, data: bytes, taken: float) -> None:
    """Write a snapshot in the place of the one before."""
    header = Header(FORMAT, version("moto"), taken, hashlib.sha256(data).hexdigest())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, json.dumps(asdict(header)).encode(), b"\n", data)


def read(path: Path) -> tuple[Header, bytes]:
    """Return a snapshot's header and data.

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


def _check_version(document: dict[str, object]) -> None:
    found, own = (document["format"], document["moto"]), (FORMAT, version("moto"))
    if found != own:
        raise OtherVersionError(
            f"it is of format {found[0]} with moto {found[1]}, this is {own[0]} with moto {own[1]}"
        )


def set_aside(folder: Path) -> Path:
    """Move a folder out of the way, under a name that tells when, and return where it is now."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    aside = folder.with_name(f"{folder.name}-set-aside-{moment}-{time.time_ns() % 1_000_000:06d}")
    folder.replace(aside)
    return aside
