"""The revision of the program that launches a job."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SECONDS = 10


@dataclass(frozen=True)
class Revision:
    """A commit, and whether files that it has were changed since."""

    commit: str
    """Empty where the folder is in no Git repository, or there is no Git."""
    modified: bool


@cache
def revision(folder: Path) -> Revision:
    """The revision of the repository that a folder is in, read once in a process."""
    commit = _git(folder, "rev-parse", "HEAD")
    return Revision(commit, bool(commit and _git(folder, "status", "--porcelain")))


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
