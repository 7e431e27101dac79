"""The engine's locks on stacks: who holds them, and how those of dead engines are cancelled.

A killed engine leaves its lock, and every command fails until the lock is cancelled. The lock of a
living engine must never be cancelled: two engines at once would overwrite each other's state.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from development.leftovers import end_processes_of
from development.terminal import CommandError
from toolchain.layout import Layout


@dataclass(frozen=True)
class Lock:
    """One lock file of a file:// backend."""

    path: Path
    stack: str
    process: int
    host: str
    user: str

    def is_dead(self) -> bool:
        """Whether the process that took the lock has ended.

        A process of another machine that shares the folder counts as alive.
        """
        return self.host == socket.gethostname() and not _is_engine(self.process)

    def __str__(self) -> str:
        """Who holds the lock."""
        return f"process {self.process} of {self.user} on {self.host}"


def locks_of(state: Path) -> list[Lock]:
    """The locks of all stacks in a backend's folder."""
    files = sorted((state / ".pulumi" / "locks").rglob("*.json"))
    return [lock for file in files if (lock := _read(file))]


def is_locked(layout: Layout, stack: str) -> bool:
    """Whether a living engine, or one on another machine, holds a stack's lock."""
    return any(not lock.is_dead() for lock in locks_of(layout.state) if lock.stack == stack)


def release_dead_locks(
    layout: Layout, say: Callable[[str], None], stack: str | None = None
) -> None:
    """Cancels the locks of engines that have died: those of one stack, or of all.

    Raises:
        CommandError: a living engine, or one on another machine, holds a lock.

    """
    for lock in locks_of(layout.state):
        if stack not in (None, lock.stack):
            continue
        if not lock.is_dead():
            message = (
                f"The stack {lock.stack} is locked by {lock}. Wait until it ends, or end it; "
                f"if it no longer runs, delete {lock.path}."
            )
            raise CommandError(message)
        lock.path.unlink(missing_ok=True)
        end_processes_of(layout.pulumi_home)
        say(f"Cancelled the lock of {lock}, which no longer runs.")


def _read(path: Path) -> Lock | None:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:  # released meanwhile
        return None
    except json.JSONDecodeError:  # being written
        content = {}
    return Lock(
        path=path,
        stack=path.parent.name,
        process=int(content.get("pid", 0)),
        host=str(content.get("hostname", "unknown")),
        user=str(content.get("username", "unknown")),
    )


def _is_engine(process: int) -> bool:
    """Whether a process exists and is Pulumi: numbers of ended processes are used again."""
    try:
        name = Path(f"/proc/{process}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return name.startswith("pulumi")
