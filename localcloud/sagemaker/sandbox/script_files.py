"""Reads and removes files that a script can change, with care for its links and modes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def leads_elsewhere(path: Path) -> bool:
    """Whether a script put a link in the path, by which this machine's files would be read."""
    return os.path.realpath(path) != str(path)


@contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """Opens a folder to which no link leads, and yields its descriptor.

    What is done relative to the descriptor stays in this folder, whatever a running script puts
    in its place meanwhile. Raises FileNotFoundError for a folder that is not there.
    """
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        if Path(f"/proc/self/fd/{folder}").readlink() != path:
            raise FileNotFoundError(f"{str(path)!r} is a link")
        yield folder
    finally:
        os.close(folder)


def remove(folder: Path) -> None:
    """Removes a folder and all below it, or the link in its place; nothing there is no error."""
    # Python's own functions end with an error where a script's folders are very deep. What a job
    # that just now ends still writes is swept at the next start.
    if not folder.is_symlink():
        _run("chmod", "-R", "u+rwX", "--", str(folder))
    _run("rm", "-rf", "--", str(folder))


def _run(*command: str) -> None:
    subprocess.run(command, stderr=subprocess.DEVNULL, check=False)
