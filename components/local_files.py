"""Which files of a local folder a job gets: those of its source, and those of its data.

What people work with beside their code, such as an editor's swap file, must not make another job,
nor must what this program itself writes. So the names in `_LEFT_OUT` never count, not even where
Git tracks them: the same checkout is the same source on every machine. Of a source in a Git
repository, what Git ignores does not count either. For data it does: they are often ignored on
purpose, as they are too large for Git.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from components.problems import Problem
from components.training_job.source_control import (
    GitError,
    is_ignored,
    repository_files,
    repository_of,
)

PACKED = ".source"
"""The folder of the project that holds what the program has made of local files."""

_LEFT_OUT = (
    # what is made by this project and by Pulumi, and the settings of stacks
    *(PACKED, ".local", ".pulumi", "Pulumi.*yaml", "Pulumi.*yml", "Pulumi.*json"),
    # version control, with .gitignore, .gitkeep and .github
    *(".git*", ".hg*", ".svn", ".jj"),
    # Python
    *("__pycache__", "*.pyc", "*.pyo", "*.egg-info", ".venv", ".ipynb_checkpoints", ".hypothesis"),
    *(".mypy_cache", ".pytest_cache", ".ruff_cache", ".tox", ".nox", ".coverage"),
    # editors
    *("*.swp", "*.swo", ".*.sw[a-p]", "*~", ".#*", "#*#", ".~lock.*#", ".*.kate-swp"),
    *(".idea", ".vscode", ".vs", ".zed", "*.sublime-workspace", "*___jb_tmp___", "*___jb_old___"),
    # operating systems and their desktops
    *(".DS_Store", "._*", ".directory", ".goutputstream-*", ".Trash-*", "Thumbs.db", "desktop.ini"),
    *(".nfs*", ".fuse_hidden*"),
    # other tools
    *("node_modules", ".terraform", ".direnv"),
)
"""Patterns of names that count neither as source nor as data, as files or as folders."""

_PROBE = "4913"
"""The empty file with which Vim tries whether it may write; a folder of data may have the name."""

_ENVIRONMENT = "pyvenv.cfg"
"""What lies at the top of a Python virtual environment, whatever its name."""


@dataclass(frozen=True)
class LocalFiles:
    """The files of a folder that count."""

    files: dict[str, Path] = field(default_factory=dict)
    """Each file by its name below the folder, with slashes."""
    problems: list[Problem] = field(default_factory=list)
    """Why there are none; the paths of the problems are empty, as only the caller knows them."""


def source_files(folder: Path) -> LocalFiles:
    """The files of a folder of code, or why they can't be found."""
    try:
        found = dict(_files_in(folder, _listed_by_git))
    except GitError as error:
        return LocalFiles(problems=[_not_listed(folder, error)])
    return LocalFiles(found, [] if found else [_none_in(folder)])


def data_files(path: Path) -> LocalFiles:
    """The files of a folder of data; a path that is a file is that file."""
    if path.is_file():
        return LocalFiles({path.name: path})
    return LocalFiles(dict(_files_in(path, _walked)))


def _files_in(
    folder: Path, listed: Callable[[Path], Iterable[str]], below: str = ""
) -> Iterator[tuple[str, Path]]:
    """The files that count, each with its name; sorted by folder and name.

    Raises:
        ValueError: a file is a symbolic link that leads out of the folder.
        GitError: Git can't list them.
    """
    for name in _counted(listed(folder)):
        path = folder / name
        if path.is_dir() and not path.is_symlink():  # a repository of its own
            yield from _files_in(path, listed, f"{below}{name}/")
        elif path.is_file() and not _is_probe(path):
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{path} leads out of {folder}: put the file itself into it")
            yield f"{below}{name}", path


def _counted(names: Iterable[str]) -> list[str]:
    """The names that no pattern leaves out, and that lie in no virtual environment."""
    kept = [name for name in names if not any(map(_is_left_out, name.split("/")))]
    environments = {os.path.dirname(name) for name in kept if name.endswith(f"/{_ENVIRONMENT}")}  # noqa: PTH120
    kept = [name for name in kept if not any(_is_below(name, each) for each in environments)]
    return sorted(kept, key=lambda name: name.split("/"))


def _is_left_out(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _LEFT_OUT)


def _is_below(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/")


def _is_probe(path: Path) -> bool:
    return path.name == _PROBE and path.stat().st_size == 0


def _listed_by_git(folder: Path) -> list[str]:
    """Git's files; all where the folder is in no repository, or is ignored as a whole."""
    if repository_of(folder) is None:
        return _walked(folder)
    files = repository_files(folder)
    return _walked(folder) if not files and is_ignored(folder) else files


def _walked(folder: Path) -> list[str]:
    """All files below a folder, and all links; what never counts is not looked into."""
    names = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not _is_left_out(each)]
        links = [each for each in folders if (Path(parent) / each).is_symlink()]
        names += [(Path(parent) / each).relative_to(folder).as_posix() for each in (*files, *links)]
    return names


def _not_listed(folder: Path, error: GitError) -> Problem:
    return Problem(
        "",
        str(folder),
        f"lies in a Git repository, whose files can't be listed: {error}",
        f"make `git -C {folder} status` work: install Git, or do what it says",
    )


def _none_in(folder: Path) -> Problem:
    return Problem(
        "",
        str(folder),
        "has no file that counts: it is empty, or Git ignores what is in it",
        "put the job's code there, or change .gitignore",
    )
