"""One instance of a running job: its folder, its processes, the pipe of its output."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localcloud.sagemaker.runtime.layout import Host
from localcloud.sagemaker.sandbox.choice import Sandbox
from localcloud.sagemaker.sandbox.fork_server import Forked
from localcloud.sagemaker.sandbox.specification import Specification


@dataclass
class Instance:
    """One instance, before, while and after it runs."""

    host: Host
    folder: Path
    sandbox: Sandbox
    _process: Forked | None = None
    _waiter: threading.Thread | None = None

    def __post_init__(self) -> None:
        # The server holds both until the instance is closed, so no end of an agent loses output.
        self._output, writing = os.pipe()
        self._input: int | None = writing
        self._memory = os.memfd_create(f"output of {self.host.name}")

    @property
    def output(self) -> Path:
        """The end of its output's pipe from which its lines come, for another process."""
        return Path(f"/proc/{os.getpid()}/fd/{self._output}")

    @property
    def memory(self) -> Path:
        """The file in memory for output that is not yet safe, for another process."""
        return Path(f"/proc/{os.getpid()}/fd/{self._memory}")

    @property
    def ml(self) -> Path:
        """The host's folder that is /opt/ml within the instance."""
        return self.folder / "ml"

    def start(self, specification: Specification, ended: Callable[[Host, int], None]) -> None:
        """Runs the entry point; calls `ended`, from another thread, with its exit code."""
        assert self._input is not None  # noqa: S101 - it is started once
        self._process = self.sandbox.start(specification, self._input)
        self._close_input()
        self._waiter = threading.Thread(
            target=self._wait,
            args=(self._process, ended),
            name=f"instance {self.host.name}",
            daemon=True,
        )
        self._waiter.start()

    def _wait(self, process: Forked, ended: Callable[[Host, int], None]) -> None:
        ended(self.host, process.wait())

    def running(self) -> bool:
        """Whether the entry point has begun and not ended."""
        return self._process is not None and self._process.running()

    def signal(self, number: int) -> None:
        """Sends a signal only to the instance's process 1."""
        first = self._first_process()
        if first is not None:
            with suppress(ProcessLookupError):
                os.kill(first, number)

    def kill(self) -> None:
        """Kills all processes of the instance."""
        if self._first_process() is not None:
            self.signal(signal.SIGKILL)
        elif self._process is not None:
            # If it is being set up, or has ended, this does nothing.
            self._process.signal(signal.SIGKILL)

    def _first_process(self) -> int | None:
        """The host's number of process 1: the first child of the sandbox's process."""
        if self._process is None or not self._process.running():
            return None
        number = self._process.number
        children = Path(f"/proc/{number}/task/{number}/children")
        with suppress(FileNotFoundError):
            return next((int(child) for child in children.read_text().split()), None)
        return None

    def process(self) -> int | None:
        """The number of the process that all of the instance's descend from; None if it ended."""
        return self._process.number if self._process is not None and self.running() else None

    def end(self) -> None:
        """Ends the instance's processes, and waits until they have ended."""
        self.kill()
        if self._waiter is not None:
            self._waiter.join()
        self._close_input()

    def close(self) -> None:
        """Forgets the output of an instance that has ended."""
        for file in (self._output, self._memory):
            os.close(file)

    def _close_input(self) -> None:
        if self._input is not None:
            os.close(self._input)
            self._input = None
