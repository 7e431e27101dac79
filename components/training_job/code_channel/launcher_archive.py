"""The launcher as one file: a zip archive that Python runs, and imports from, as it is.

The same files make the same bytes on every machine: in the order of their names, without their
times, and not compressed, as versions of zlib differ. The standard library's `zipapp` does not
promise that.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile, ZipInfo

_FOLDER = Path(__file__).parent / "launcher"
_MODE = 0o644  # of each file, for people who unpack the archive


def write_launcher(archive: Path) -> Path:
    """Writes the archive and returns its path.

    Raises:
        OSError: it can't be written.
    """
    with ZipFile(archive, "w") as written:
        for name, path in launcher_files().items():
            member = ZipInfo(name)  # of 1980, the first year that a zip archive knows
            member.external_attr = _MODE << 16
            written.writestr(member, path.read_bytes())
    return archive


def launcher_files() -> dict[str, Path]:
    """The files of the archive by their names in it; Python runs its `__main__.py`."""
    return {path.relative_to(_FOLDER).as_posix(): path for path in sorted(_FOLDER.rglob("*.py"))}
