"""Care with files that a script had in its hands: links that lead out, modes that lock."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path


def leads_elsewhere(path: Path) -> bool:
    """Tell whether a script put a link in the path, by which this machine's files would be read."""
    return path.resolve() != path


def make_removable(folder: Path) -> None:
    """Give back to the owner every folder below, so that its entries can be removed."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


def remove(folder: Path) -> None:
    """Remove a folder and all below it; one that is not there is no error."""
    # What a job that just now ends still writes is swept at the next start.
    with suppress(FileNotFoundError):
        make_removable(folder)
    shutil.rmtree(folder, ignore_errors=True)
