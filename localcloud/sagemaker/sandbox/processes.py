"""Runs one instance's command as plain processes, if the kernel refuses namespaces.

There is no private file tree and no private network, but all descendants end with the command and
with the server. Standard library only.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType

from localcloud.sagemaker.sandbox import linux
from localcloud.sagemaker.sandbox.namespaces import execute, exit_code, print_to
from localcloud.sagemaker.sandbox.specification import Specification

_SERVER_ENDED = signal.SIGUSR1


def main(output: int, specification: Specification) -> int:
    """Runs a command. Returns its exit code, 128 + n for a signal n."""
    print_to(output)
    signal.signal(_SERVER_ENDED, _end)
    parent = os.getppid()
    linux.signal_on_parent_death(_SERVER_ENDED)
    linux.adopt_orphans()
    if os.getppid() != parent:
        return 128 + _SERVER_ENDED
    child = os.fork()
    if child == 0:
        signal.signal(_SERVER_ENDED, signal.SIG_DFL)
        os.chdir(specification.folder)
        linux.limit_resources(specification.memory, specification.processors)
        execute(specification)
    return _wait(child)


def _wait(child: int) -> int:
    """Waits until `child` ends, kills the processes that it left, and returns its exit code."""
    while True:
        process, status = os.wait()
        if process == child:
            _kill_descendants()
            return exit_code(status)


def _kill_descendants() -> None:
    """Kills the children, and then their orphans, until none is left."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while processes := children.read_text().split():
        for process in processes:
            os.kill(int(process), signal.SIGKILL)
            os.waitpid(int(process), 0)


def _end(_number: int, _frame: FrameType | None) -> None:
    _kill_descendants()
    os._exit(128 + _SERVER_ENDED)
