"""Which files of a local folder a job gets: those of its source, and those of its data.

What people work with beside their code, such as an editor's swap file, must not make another job,
nor must what this program itself writes. So the names in `_LEFT_OUT` never count, not even where
Git tracks them: the same checkout is the same source on every machine. Of a source in a Git
repository, what Git ignores does not count either. For data it does: they are often ignored on
purpose, as they are too large for Git.

Links are followed inside the checkout: the Git repository of the project, or the project's folder.
What can't be packed is reported as a problem of the settings, since a job would train without it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from components.problems import Problem
from components.training_job.code_channel.source_control import (
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


_POINTER = b"version https://git-lfs.github.com/spec/v1\n"
_LONGEST_POINTER = 1024
"""How a file begins that Git LFS has not fetched, and the bytes that it has at most."""

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_PROBLEMS_SHOWN = 5
_LONGEST_NAME = 768
"""Bytes of a name of data: with the kind, the lineage, the channel and the hash, it is a key."""
_LET_READ = "let this user read it, or remove it"


@dataclass(frozen=True)
class LocalFiles:
    """The files of a folder that count."""

    files: dict[str, Path] = field(default_factory=dict)
    """Each file by its name below the folder, with slashes; sorted by folder and name."""
    problems: list[Problem] = field(default_factory=list)
    """What can't be packed. Their paths are empty, as only the caller knows the setting."""


def missing(path: Path, is_there: Callable[[Path], bool], what: str, place: str) -> str:
    """Why a path of the settings can't be used, or "" where it is what it should be.

    Args:
        path: the path.
        is_there: asks the file system; for a name that is too long, say, it has no answer.
        what: what it should be, as "folder".
        place: where it should be, as "the project".
    """
    try:
        return "" if is_there(path) else f"there is no such {what} in {place}"
    except OSError as error:
        return _unreadable(error)


def source_files(folder: Path, project: Path) -> LocalFiles:
    """The files of a folder of code; `project` is the program's folder."""
    return _found(folder, project, _listed_by_git, "put the job's code there, or change .gitignore")


def data_files(path: Path, project: Path) -> LocalFiles:
    """The files of a folder of data, or one file; `project` is the program's folder."""
    found = _found(path, project, _walked, "put the data there, or read them from S3 with s3Uri")
    long = [name for name in found.files if len(os.fsencode(name)) > _LONGEST_NAME]
    rule = f"has a name of more than {_LONGEST_NAME} bytes below the folder: a key in S3 has 1024"
    remedy = "shorten it, or read the data from S3 with s3Uri"
    problems = [Problem("", name, rule, remedy) for name in long[:_PROBLEMS_SHOWN]]
    return LocalFiles(found.files, [*found.problems, *problems])


_Lister = Callable[[Path], Iterable[str]]
"""Names the files and links below a folder, and the folders that are not looked into.

It raises OSError and GitError.
"""


def _found(path: Path, project: Path, listed: _Lister, remedy: str) -> LocalFiles:
    search = _Search(project, path.resolve(), listed)
    if path.is_dir():
        search.look_into(path.resolve())
    else:
        search.add(path.resolve(), path.name)
    problems = search.problems
    if not search.files and not problems:
        rule = "has no file that counts: it is empty, or all that is in it is left out"
        problems = [Problem("", search.shown(path), rule, remedy)]
    more = len(problems) - _PROBLEMS_SHOWN
    if more > 0:
        first = problems[0]
        rest = Problem("", search.shown(path), f"has {more} more such files", first.remedy)
        problems = [*problems[:_PROBLEMS_SHOWN], rest]
    files = sorted(search.files.items(), key=lambda each: each[0].split("/"))
    return LocalFiles(dict(files), problems)


class _Search:
    """Looks for the files of one folder; gathers them, and what is wrong with others."""

    def __init__(self, project: Path, root: Path, listed: _Lister) -> None:
        self.files: dict[str, Path] = {}
        self.problems: list[Problem] = []
        self._project = project.resolve()
        self._listed = listed
        # The settings may name a folder elsewhere; then links are followed inside of that.
        self._inside = (root, _checkout_of(self._project))

    def look_into(
        self,
        folder: Path,
        below: str = "",
        links: tuple[Path, ...] = (),
        listed: _Lister | None = None,
    ) -> None:
        """Adds what is in a folder, whose path has no links, under names that begin with `below`.

        `links` has the folders of the links that were followed to it.
        """
        try:
            names = sorted(_counted((listed or self._listed)(folder)))
        except GitError as error:
            rule = f"lies in a Git repository, whose files can't be listed: {error}"
            remedy = f"make `git -C {_text(folder)} status` work: install Git, or do what it says"
            self._refuse(folder, rule, remedy)
            return
        except OSError as error:
            self._refuse(Path(error.filename), _unreadable(error), _LET_READ)
            return
        for name in names:
            self.add(folder / name, f"{below}{name}", links)

    def add(self, path: Path, name: str, links: tuple[Path, ...] = ()) -> None:
        """Adds a file, or what is in a folder or behind a link, under a name.

        A file that Git tracks and that was deleted is none.
        """
        try:
            if path.is_symlink():
                self._follow(path, name, links)
            elif path.is_dir():
                self._look_into_repository(path, name, links)
            elif path.is_file():
                self._add_file(path, name)
            elif path.exists():
                rule = "is neither a file nor a folder, but a pipe, a socket or a device"
                self._refuse(path, rule, "remove it, or keep it elsewhere")
        except OSError as error:
            self._refuse(path, _unreadable(error), _LET_READ)

    def _add_file(self, path: Path, name: str) -> None:
        with path.open("rb") as file:
            start = file.read(_LONGEST_POINTER)
        if _CONTROL_CHARACTERS.search(name) or not _is_utf8(name):
            rule = "has a name that is no plain text in UTF-8, which an object in S3 can't have"
            self._refuse(path, rule, "rename it")
        elif start.startswith(_POINTER) and len(start) < _LONGEST_POINTER:
            rule = "is a pointer of Git LFS, and not the file itself"
            self._refuse(path, rule, "run `git lfs pull`")
        elif start or path.name != _PROBE:
            self.files[name] = path

    def _look_into_repository(self, folder: Path, name: str, links: tuple[Path, ...]) -> None:
        """Adds what is in a folder that Git names and does not look into."""
        if repository_of(folder) == folder:
            self.look_into(folder, f"{name}/", links)
        elif any(folder.iterdir()):
            self.look_into(folder, f"{name}/", links, _walked)
        else:
            remedy = "run `git submodule update --init --recursive`"
            self._refuse(folder, "is a submodule that is not checked out", remedy)

    def _follow(self, link: Path, name: str, links: tuple[Path, ...]) -> None:
        links = (*links, link.parent)
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):
            rule = f"is a link that leads nowhere, to {_text(link.readlink())}"
            self._refuse(link, rule, "remove it, or put back what it leads to")
            return
        inside = next((each for each in self._inside if target.is_relative_to(each)), None)
        if inside is None:
            rule = f"is a link that leads out of {self._inside[-1]}, to {_text(target)}"
            remedy = "put what it leads to in its place, or remove it"
            other = ", or have Git ignore it" if self._listed is _listed_by_git else ""
            self._refuse(link, rule, remedy + other)
        elif not target.is_dir():
            self.add(target, name)
        elif any(each.is_relative_to(target) for each in links):
            self._refuse(link, "is a link to a folder that it lies in itself", "remove it")
        elif any(map(_is_left_out, target.relative_to(inside).parts)):
            rule = f"is a link to {self.shown(target)}, which is never packed"
            self._refuse(link, rule, "remove it")
        else:
            self.look_into(target, f"{name}/", links)

    def _refuse(self, path: Path, rule: str, remedy: str) -> None:
        self.problems.append(Problem("", self.shown(path), rule, remedy))

    def shown(self, path: Path) -> str:
        """A path as people write it: from the project's folder where it lies there."""
        if path.is_relative_to(self._project):
            path = path.relative_to(self._project)
        return _text(path)


def _text(path: Path) -> str:
    """A path in plain text, whatever its bytes are."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _checkout_of(project: Path) -> Path:
    """The folder that links may not lead out of.

    A person's home folder may be in Git too, and ignore the projects: it is not their checkout.
    """
    repository = repository_of(project)
    return project if repository is None or is_ignored(project) else repository


def _unreadable(error: OSError) -> str:
    return f"can't be read: {error.strerror}"


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _counted(names: Iterable[str]) -> list[str]:
    """The names that no pattern leaves out, and that lie in no virtual environment."""
    kept = [name for name in names if not any(map(_is_left_out, name.split("/")))]
    environments = {os.path.dirname(name) for name in kept if name.endswith(f"/{_ENVIRONMENT}")}  # noqa: PTH120
    return [name for name in kept if not any(_is_below(name, each) for each in environments)]


def _is_left_out(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _LEFT_OUT)


def _is_below(name: str, folder: str) -> bool:
    return name.startswith(f"{folder}/")


def _listed_by_git(folder: Path) -> list[str]:
    """Git's files; all where the folder is in no repository, or is ignored as a whole."""
    if repository_of(folder) is None:
        return _walked(folder)
    files = repository_files(folder)
    if not files and is_ignored(folder):
        return _walked(folder)
    # A tracked folder in whose place a link was put: Git names the link, and still the files.
    folders = {os.path.dirname(name) for name in files}  # noqa: PTH120
    linked = {each for each in folders if (folder / each).resolve() != folder / each}
    return [name for name in files if os.path.dirname(name) not in linked]  # noqa: PTH120


def _walked(folder: Path) -> list[str]:
    """All files and links below a folder; what never counts is not looked into."""

    def fail(error: OSError) -> None:
        raise error

    names = []
    for parent, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [each for each in folders if not _is_left_out(each)]
        links = [each for each in folders if (Path(parent) / each).is_symlink()]
        names += [(Path(parent) / each).relative_to(folder).as_posix() for each in (*files, *links)]
    return names
