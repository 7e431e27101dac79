"""Ends what an engine that was killed left behind: its language host and its plugins live on."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def processes_of(pulumi_home: Path) -> list[int]:
    """Return the numbers of the processes that were started with a PULUMI_HOME.

    Those are engines, language hosts and plugins, and nothing else.
    """
    marker = f"PULUMI_HOME={pulumi_home}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # ended meanwhile, or another user's
            if marker in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
    return found


def end_processes_of(pulumi_home: Path) -> None:
    """End them all; call this only where no engine lives that works with this PULUMI_HOME."""
    for process in processes_of(pulumi_home):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
