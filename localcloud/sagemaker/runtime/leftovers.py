"""Removes what the jobs of an earlier server left, should anything be left.

The kernel ends a confined job's processes with the server. Plain processes may outlive a
server that was killed together with their own helper.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from localcloud.sagemaker.runtime.files import remove


def sweep(jobs: Path) -> None:
    """Kill every process that works in a folder below `jobs`, then remove the folders."""
    if not jobs.is_dir():
        return
    for process in _processes_of(jobs):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    remove(jobs)


def _processes_of(jobs: Path) -> list[int]:
    """Return the processes whose command line or environment names a folder below `jobs`."""
    marks = [f"{jobs}/".encode(), f"SAGEMAKER_BASE_DIR={jobs}/".encode()]
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
            if (b"localcloud.sagemaker.sandbox" in command and marks[0] in command) or (
                marks[1] in environment
            ):
                found.append(int(folder.name))
    return found
