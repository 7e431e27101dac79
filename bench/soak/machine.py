"""What a local cloud has of this machine: processes, mounts, namespaces, files, memory.

A cloud's own things are known by a mark: the name of a folder in which it is, and which is also in
its `PATH`. So each of its processes has the mark in its command, its environment or its mounts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.server import process_table
from localcloud.server.process_table import Process

_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_SERVE = ["-m", "localcloud", "serve"]
_KEPT = {"kept", "port", "server.lock", "server.log"}
"""What a data folder has after its server."""


@dataclass(frozen=True)
class Used:
    """What a server process uses."""

    memory: int
    """Bytes of memory."""
    threads: int
    descriptors: int

    @classmethod
    def by(cls, process: int) -> Used:
        """What a process uses now."""
        folder = Path(f"/proc/{process}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        return cls(
            memory=int(status["VmRSS"].split()[0]) << 10,
            threads=int(status["Threads"]),
            descriptors=len(list((folder / "fd").iterdir())),
        )


@contextmanager
def marked(folder: Path) -> Iterator[None]:
    """Servers that are started within have the folder's name as their mark, and a /tmp in it."""
    before = dict(os.environ)
    path = f"{before.get('PATH', os.defpath)}{os.pathsep}{folder / 'bin'}"
    (folder / "tmp").mkdir(exist_ok=True)
    os.environ |= {"PATH": path, "TMPDIR": str(folder / "tmp")}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def processes(mark: str) -> list[Process]:
    """The processes with a mark, except this one and its ancestors."""
    every = process_table.others_of_this_user(process_table.running())
    return [process for process in every if _has(process, mark)]


def _has(process: Process, mark: str) -> bool:
    if any(mark in word for word in (*process.command(), *process.environment())):
        return True
    return mark in _text(Path(f"/proc/{process.number}/mountinfo"))


def namespaces(of: Iterable[Process]) -> set[str]:
    """The namespaces in which processes are, except this process's own."""
    own = set(_namespaces_of(os.getpid()))
    return {name for process in of for name in _namespaces_of(process.number)} - own


def _namespaces_of(process: int) -> Iterator[str]:
    for kind in _NAMESPACES:
        try:
            yield str(Path(f"/proc/{process}/ns/{kind}").readlink())
        except OSError:  # it has ended
            return


def interfaces() -> set[str]:
    """The names of this machine's network interfaces."""
    return {path.name for path in Path("/sys/class/net").iterdir()}


def leftovers(folder: Path, entered: Set[str], interfaces_before: Set[str]) -> list[str]:
    """What a server that has ended left on the machine, as sentences; its kept data don't count.

    `entered` are the namespaces in which its processes were.
    """
    left = processes(folder.name)
    found = [f"the process {process.number} {process.command()}" for process in left]
    found += [f"the namespace {name}" for name in namespaces(_of_no_server()) & entered]
    found += [f"the network interface {name}" for name in interfaces() - interfaces_before]
    mounts = _text(Path("/proc/self/mountinfo")).splitlines()
    found += [f"the mount {line}" for line in mounts if folder.name in line]
    files = [path for path in (folder / "cloud").iterdir() if path.name not in _KEPT]
    files += [*(folder / "tmp").iterdir(), *(folder / "cloud" / "kept").rglob("*.new")]
    return found + [f"the file {path}" for path in files]


def _of_no_server() -> list[Process]:
    """The processes that no local cloud has started.

    The kernel gives the number of a namespace that is gone to a new one, which may be one of
    another local cloud's.
    """
    every = process_table.running()
    servers = {each for each in every.values() if each.command()[1:4] == _SERVE}
    return [each for each in every.values() if servers.isdisjoint((each, *each.above(every)))]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
