"""The launcher as one file: a zip archive that Python runs, and imports from, as it is.

The same files make the same bytes on every machine: in the order of their names, without their
times, and not compressed, as versions of zlib differ. The standard library's `zipapp` does not
promise that.
"""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile, ZipInfo

from components.instances import training_instance_types

_FOLDER = Path(__file__).parent / "launcher"
_EFA_TYPES = "launching/efa_types.txt"  # as the launcher's module `fabric` reads it
_MODE = 0o644  # of each file, for people who unpack the archive


def write_launcher(archive: Path) -> Path:
    """Writes the archive and returns its path.

    Raises:
        OSError: it can't be written.
    """
    with ZipFile(archive, "w") as written:
        for name, content in _contents().items():
            member = ZipInfo(name)  # of 1980, the first year that a zip archive knows
            member.external_attr = _MODE << 16
            written.writestr(member, content)
    return archive


def _contents() -> dict[str, bytes]:
    """The content of each file of the archive, with what the launcher needs of the types' table."""
    files = {name: path.read_bytes() for name, path in launcher_files().items()}
    types = [name for name, each in training_instance_types().items() if each.efa_supported]
    return files | {_EFA_TYPES: "".join(f"{name}\n" for name in types).encode()}


def launcher_files() -> dict[str, Path]:
    """The modules of the archive by their names in it; Python runs its `__main__.py`."""
    return {path.relative_to(_FOLDER).as_posix(): path for path in sorted(_FOLDER.rglob("*.py"))}
