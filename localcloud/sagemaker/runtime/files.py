"""Removal of working folders, whatever modes a job gave its files."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path


def make_removable(folder: Path) -> None:
    """Give back to the owner every folder below, so that its entries can be removed."""
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


def remove(folder: Path) -> None:
    """Remove a folder and all below it; one that is not there is no error."""
    with suppress(FileNotFoundError):
        make_removable(folder)
        shutil.rmtree(folder)
