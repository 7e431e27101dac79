"""Reads and removes files that a script can change, safely for any links and modes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def leads_elsewhere(path: Path) -> bool:
    """Whether a script put a link in the path, which could lead to this machine's files."""
    return os.path.realpath(path) != str(path)


@contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """Opens a folder, not through links, and yields its descriptor.

    Operations relative to the descriptor stay in this folder, even if a running script replaces it
    meanwhile. Raises FileNotFoundError if there is no such folder.
    """
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        if Path(f"/proc/self/fd/{folder}").readlink() != path:
            raise FileNotFoundError(f"{str(path)!r} is a link")
        yield folder
    finally:
        os.close(folder)


def remove(folder: Path) -> None:
    """Removes a folder with all its contents, or the link in its place, if it exists."""
    # Python's own functions fail if a script's folders are very deep. What an ending job still
    # writes is removed at the next start.
    if not folder.is_symlink():
        _run("chmod", "-R", "u+rwX", "--", str(folder))
    _run("rm", "-rf", "--", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
