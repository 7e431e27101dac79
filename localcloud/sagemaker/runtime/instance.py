"""One instance of a running job: its folder, its processes, its output, its checkpoints."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.sagemaker.data.checkpoints import CheckpointSync
from localcloud.sagemaker.data.pipes import Pipe
from localcloud.sagemaker.monitoring.log_streams import LogStream
from localcloud.sagemaker.monitoring.pump import Pump, ReadLines
from localcloud.sagemaker.runtime.layout import Host
from localcloud.sagemaker.sandbox.choice import Sandbox
from localcloud.sagemaker.sandbox.helper_process import sandbox_environment
from localcloud.sagemaker.sandbox.specification import Specification


@dataclass
class Instance:
    """One instance, before, while and after it runs.

    Call `start` in a thread that lives as long as the instance: Linux ends the instance with
    the thread.
    """

    host: Host
    folder: Path
    sandbox: Sandbox
    checkpoints: CheckpointSync | None = None
    pipes: list[Pipe] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None
    _pump: Pump | None = None
    _waiter: threading.Thread | None = None

    @property
    def ml(self) -> Path:
        """The host's folder that is /opt/ml within the instance."""
        return self.folder / "ml"

    def start(
        self,
        specification: Specification,
        stream: LogStream,
        read_lines: ReadLines,
        ended: Callable[[Host, int], None],
    ) -> None:
        """Runs the entry point; calls `ended`, from another thread, with its exit code."""
        path = self.folder / "specification.json"
        specification.write(path)
        self._process = subprocess.Popen(
            self.sandbox.command(path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=sandbox_environment(),
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._pump = Pump(self._process.stdout.fileno(), stream, read_lines)
        self._pump.start()
        self._waiter = threading.Thread(
            target=self._wait,
            args=(self._process, ended),
            name=f"instance {self.host.name}",
            daemon=True,
        )
        self._waiter.start()
        if self.checkpoints:
            self.checkpoints.start()
        for pipe in self.pipes:
            pipe.start()

    def _wait(self, process: subprocess.Popen[bytes], ended: Callable[[Host, int], None]) -> None:
        ended(self.host, process.wait())

    def running(self) -> bool:
        """Whether the entry point has begun and not ended."""
        return self._process is not None and self._process.poll() is None

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
            self._process.kill()

    def _first_process(self) -> int | None:
        """The host's number of process 1: the first child of the sandbox's process."""
        if self._process is None or self._process.poll() is not None:
            return None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        with suppress(FileNotFoundError):
            return next((int(child) for child in children.read_text().split()), None)
        return None

    def process(self) -> int | None:
        """The number of the process that all of the instance's descend from; None if it ended."""
        return self._process.pid if self._process is not None and self.running() else None

    def finish_output(self) -> None:
        """Waits until the output is sent, within a limit, if the entry point has ended."""
        if self._pump is not None and not self.running():
            self._pump.finish()

    def close(self) -> None:
        """Ends the instance, and waits until its output is sent, within a limit."""
        self.kill()
        if self._process is not None and self._waiter is not None and self._pump is not None:
            self._waiter.join()
            self._pump.finish()
            assert self._process.stdout is not None  # noqa: S101 - asked for at its start
            self._process.stdout.close()
        for pipe in self.pipes:
            pipe.close()
