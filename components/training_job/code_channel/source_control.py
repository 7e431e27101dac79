"""What Git knows of a folder: its revision, and which of its files are the repository's."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_SECONDS = 60
_OF_ONE_REPOSITORY = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
"""The variables that a hook gets: they lead every `git` to the hook's own repository."""


class GitError(Exception):
    """Git can't answer; the message says why."""


@dataclass(frozen=True)
class Revision:
    """A commit, and whether files that it has were changed since."""

    commit: str
    """Empty where the folder is in no Git repository, or there is no Git."""
    modified: bool


@cache
def revision(folder: Path) -> Revision:
    """The revision of the repository that a folder is in, read once in a process."""
    try:
        commit = _git(folder, "rev-parse", "HEAD").strip()
    except GitError:
        return Revision("", modified=False)
    try:
        # A new file counts, also where the user's settings don't show it.
        status = _git(folder, "status", "--porcelain", "--untracked-files=normal")
        return Revision(commit, bool(status))
    except GitError:
        return Revision(commit, modified=True)


def repository_of(folder: Path) -> Path | None:
    """The top folder of the Git repository that a folder is in; None where it is in none."""
    real = folder.resolve()
    return next((each for each in (real, *real.parents) if _is_top(each / ".git")), None)


def repository_files(folder: Path) -> list[str]:
    """The files below a folder that Git tracks, and the new ones that it does not ignore.

    The paths begin at the folder. A link is one of them, and so is a folder that is another
    repository, such as a submodule: Git looks into neither. Files that were deleted are tracked
    until that is committed.

    Raises:
        GitError: the files can't be listed.
    """
    listed = _git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    # Of a file in conflict, each version is listed; a repository in the folder ends with a slash.
    return sorted({path.rstrip("/") for path in listed.split("\0")} - {""})


def is_ignored(folder: Path) -> bool:
    """Whether Git ignores a folder of a repository."""
    try:
        _git(folder, "check-ignore", "--quiet", str(folder.resolve()))
    except GitError:
        return False
    return True


def _is_top(git: Path) -> bool:
    """Whether it is the `.git` of a repository; in a worktree and a submodule it is a file."""
    return git.is_file() or (git / "HEAD").exists()


def _git(folder: Path, *arguments: str) -> str:
    """What a command prints; names that are not UTF-8 come as Python's own file names do.

    Raises:
        GitError: there is no Git, or it refuses.
    """
    environment = {
        name: each for name, each in os.environ.items() if name not in _OF_ONE_REPOSITORY
    }
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *_trust(folder), *arguments],
            env=environment | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            timeout=_SECONDS,
        )
    except FileNotFoundError as error:
        raise GitError("Git is not installed") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise GitError(str(error)) from error
    errors = done.stderr.decode(errors="backslashreplace").strip()
    # Git passes over a folder that it may not read, and says so.
    if done.returncode != 0 or "could not open directory" in errors:
        raise GitError(errors.partition("\n")[0] or f"git ended with {done.returncode}")
    return os.fsdecode(done.stdout)


def _trust(folder: Path) -> list[str]:
    """The option that lets Git read a repository that the owner of this program owns.

    Git refuses other users' repositories, as a repository can make it run commands. The owner of
    the program that runs here can do that already. So a checkout works in a container, too, whose
    user does not own it.
    """
    top = repository_of(folder)
    if top is None or (top / ".git").stat().st_uid != Path(__file__).stat().st_uid:
        return []
    return ["-c", f"safe.directory={top}"]
