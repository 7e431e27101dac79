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
from localcloud.sagemaker.monitoring.log_streams import LogStream, Pump, ReadLines
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
    _reader: threading.Thread | None = None

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
        self._reader = threading.Thread(
            target=self._attend,
            args=(self._process, stream, read_lines, ended),
            name=f"instance {self.host.name}",
            daemon=True,
        )
        self._reader.start()
        if self.checkpoints:
            self.checkpoints.start()
        for pipe in self.pipes:
            pipe.start()

    def _attend(
        self,
        process: subprocess.Popen[bytes],
        stream: LogStream,
        read_lines: ReadLines,
        ended: Callable[[Host, int], None],
    ) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for above
        with process.stdout as pipe:
            Pump(pipe.fileno(), stream, read_lines).run()
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

    def close(self) -> None:
        """Ends the instance, and waits until its output is read."""
        self.kill()
        if self._reader is not None:
            self._reader.join()
        for pipe in self.pipes:
            pipe.close()
