"""The source archive: unpacked without anything outside of its folder, and the script in it."""

from __future__ import annotations

import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from launching import LaunchError


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks the source archive; writes nothing if any member could end up outside the folder.

    Raises:
        LaunchError: if the archive is missing, damaged or unsafe.
    """
    try:
        with tarfile.open(str(archive), "r:gz") as tar:
            members = tar.getmembers()
            for member in members:
                _check_member(member)
            for member in members:
                _unpack_member(tar, member, folder)
    except FileNotFoundError:
        raise LaunchError(f"there is no {archive.name} beside the launcher") from None
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise LaunchError(f"{archive.name} can't be unpacked: {error}") from error


def _check_member(member: tarfile.TarInfo) -> None:
    """Allows files, folders, and links that lead further down.

    A link that never leads up can't leave the folder, whatever other links it passes through.
    """
    if not (member.isfile() or member.isdir() or member.issym()):
        raise LaunchError(f"the source archive holds {member.name!r}: not a file, folder or link")
    if _leads_up(member.name) or (member.issym() and _leads_up(member.linkname)):
        raise LaunchError(f"the source archive holds {member.name!r}, which leads out of it")


def _leads_up(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder / member.name
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(str(target)):
        target.unlink()
    if member.issym():
        target.symlink_to(member.linkname)
        return
    content = tar.extractfile(member)
    assert content is not None, "only links and devices have no content"  # noqa: S101
    with content, target.open("wb") as file:
        shutil.copyfileobj(content, file)
    target.chmod(0o755 if member.mode & 0o100 else 0o644)


def find_script(entry_point: str, folder: Path) -> Path:
    """The script that the job names, in the unpacked source.

    Raises:
        LaunchError: if it isn't there; the message names the scripts that are.
    """
    script = folder / entry_point
    if _leads_up(entry_point) or not script.is_file():
        scripts = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))[:20]
        raise LaunchError(
            f"the entry point {entry_point!r} is not in the source folder, "
            f"which holds {', '.join(scripts) or 'no Python file'}"
        )
    return script
