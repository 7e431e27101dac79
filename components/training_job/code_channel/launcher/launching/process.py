"""The duties of a first process: signals passed on, orphans reaped, output passed through."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from launching import LaunchError

STDERR_TAIL_BYTES = 64 * 1024
FORWARDED = (signal.SIGTERM, signal.SIGINT)


class Child:
    """The script's process: gets the signals that the launcher gets, and is waited for.

    Only the ranks are signalled, not their helpers: a data-loading process that dies of SIGTERM
    would take its rank along before the rank has written its checkpoint. torchrun isn't either:
    it would kill its ranks 30 seconds later, and the service grants 120.
    """

    def __init__(self) -> None:
        """Takes the signals over at once, so that none is lost before the script starts."""
        self.stop_signal = 0
        self.tail = Tail()
        self._torchrun = False
        self._pid = 0
        for number in FORWARDED:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stop_signal = number
        self._forward()

    def _forward(self) -> None:
        ranks = _children(self._pid) if self._torchrun and self._pid else []
        for pid in ranks or [self._pid]:
            with contextlib.suppress(ProcessLookupError):
                if pid:
                    os.kill(pid, self.stop_signal)

    def run(
        self, command: list[str], environment: dict[str, str], folder: Path, torchrun: bool
    ) -> int:
        """Runs the command to its end; returns its exit code, 128 + n if signal n ended it.

        Raises:
            LaunchError: if it can't be started.
        """
        self._torchrun = torchrun
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=str(folder),
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # too much text, or text that no process can get
            raise LaunchError(f"the script can't be started: {error}") from error
        self._pid = process.pid
        if self.stop_signal:
            self._forward()
        assert process.stderr is not None, "it was asked for"  # noqa: S101
        self.tail.follow(process.stderr)
        process.returncode = self._wait()
        self.tail.finish()
        return process.returncode

    def _wait(self) -> int:
        """Reaps whatever ends, orphans included, until the child has; leaves nothing of it."""
        while True:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            assert ended is not None, "it was waited for"  # noqa: S101
            if ended.si_pid == self._pid:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)
            _, status = os.waitpid(ended.si_pid, 0)
            if ended.si_pid == self._pid:
                self._pid = 0
                return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else status >> 8


def _children(parent: int) -> list[int]:
    """The processes that a process has started itself."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            after_name = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2]
            if int(after_name.split()[1]) == parent:
                found.append(int(entry.name))
    return found


class Tail:
    """Passes the script's standard error through and remembers the end of it."""

    def __init__(self) -> None:
        self._end = b""
        self._thread: threading.Thread | None = None

    def follow(self, stream: IO[bytes]) -> None:
        """Starts to pass the stream on to this process's standard error."""
        self._thread = threading.Thread(target=self._copy, args=(stream,), daemon=True)
        self._thread.start()

    def _copy(self, stream: IO[bytes]) -> None:
        with stream:
            for piece in iter(lambda: os.read(stream.fileno(), 65536), b""):
                os.write(sys.stderr.fileno(), piece)
                self._end = (self._end + piece)[-STDERR_TAIL_BYTES:]

    def finish(self) -> None:
        """Waits for the stream's end; not for long, an orphan may hold it open."""
        if self._thread is not None:
            self._thread.join(timeout=2)

    def lines(self) -> list[str]:
        """The last lines that are not empty; each may have several updates of a progress bar."""
        text = self._end.decode("utf-8", "replace").replace("\0", "")
        lines = (re.sub(r"^\[rank\d+\]:\s?", "", line.rstrip()) for line in text.split("\n"))
        return [line for line in lines if line]
