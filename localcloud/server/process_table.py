"""The processes of this machine, from /proc, and how one of them, and no other, is ended.

Linux reuses the number of a process that has ended, but not with the same start time.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_FIRST = 1
"""The process that becomes the parent of orphans, if no nearer one does."""


@dataclass(frozen=True)
class Process:
    """A process, as it was when /proc was read."""

    number: int
    name: str
    parent: int
    session: int
    started: int
    """When it started, in clock ticks since the machine did."""

    def command(self) -> list[str]:
        """Its command line; empty if it has ended."""
        return _words(self.number, "cmdline")

    def environment(self) -> frozenset[str]:
        """The variables that it was started with, each as `NAME=value`.

        Empty if it has ended, or is another user's.
        """
        return frozenset(_words(self.number, "environ"))

    def is_own(self) -> bool:
        """Whether it is a process of this user."""
        try:
            return Path(f"/proc/{self.number}").stat().st_uid == os.geteuid()
        except FileNotFoundError:
            return False

    def is_orphan(self, others: Mapping[int, Process]) -> bool:
        """Whether the process that started it has ended, so that it has another parent.

        The new parent is process 1, or the user's session manager, which is in another session. A
        process that began its own session is always in another session than its parent, so it
        counts as an orphan only below process 1.
        """
        parent = others.get(self.parent)
        if parent is None or parent.number == _FIRST:
            return True
        began_session = self.session == self.number
        return not began_session and self.session != parent.session

    def above(self, others: Mapping[int, Process]) -> Iterator[Process]:
        """Its parent, the parent's parent, and so on."""
        process = others.get(self.parent)
        while process is not None:
            yield process
            process = others.get(process.parent)


def running() -> dict[int, Process]:
    """All processes by their numbers."""
    entries = (entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit())
    found = (_read(int(number)) for number in entries)
    return {process.number: process for process in found if process is not None}


def others_of_this_user(processes: Mapping[int, Process]) -> list[Process]:
    """The processes of this user, except this one and its ancestors."""
    this = processes[os.getpid()]
    spared = {this, *this.above(processes)}
    return [each for each in processes.values() if each not in spared and each.is_own()]


def end(processes: Iterable[Process]) -> None:
    """Kills processes, but no other process that has the number of one of them now."""
    for process in processes:
        now = _read(process.number)
        if now is not None and now.started == process.started:
            with suppress(ProcessLookupError):
                os.kill(process.number, signal.SIGKILL)


def _read(number: int) -> Process | None:
    try:
        text = Path(f"/proc/{number}/stat").read_text(errors="replace")
    except OSError:  # ended, or hidden from this user
        return None
    # The name is in parentheses, and may contain blanks and parentheses.
    start, _, rest = text.rpartition(")")
    fields = rest.split()
    return Process(
        number=number,
        name=start.partition("(")[2],
        parent=int(fields[1]),
        session=int(fields[3]),
        started=int(fields[19]),
    )


def _words(number: int, file: str) -> list[str]:
    try:
        content = Path(f"/proc/{number}/{file}").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in content.split(b"\0") if word]
