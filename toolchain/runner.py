"""Runs the set-up's commands: logs all output, shows the progress, and explains failures."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LAST_LINES = 12


class SetupError(Exception):
    """A step failed.

    `reason` says why, `remedy` what the user can do about it.
    """

    def __init__(self, step: str, reason: str, remedy: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step = step
        self.reason = reason
        self.remedy = remedy


class StoppedError(SetupError):
    """A step was ended by Ctrl-C, or because another one failed."""


class Running:
    """The running processes, so that one failure or Ctrl-C can end them all."""

    def __init__(self) -> None:
        self._processes: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether all processes were ended."""
        return self._ended

    def add(self, process: subprocess.Popen[str]) -> None:
        """Adds a process; ends it at once if all were ended already."""
        with self._lock:
            self._processes.add(process)
            if self._ended:
                process.terminate()

    def remove(self, process: subprocess.Popen[str]) -> None:
        """Forgets a process that has ended."""
        with self._lock:
            self._processes.discard(process)

    def terminate(self) -> None:
        """Ends all processes, also those that start from now on."""
        with self._lock:
            self._ended = True
            for process in self._processes:
                process.terminate()


@dataclass(frozen=True)
class Runner:
    """Runs the commands of one step."""

    step: str
    log: Path
    remedy: str
    running: Running
    watch: Callable[[str], None] = lambda _line: None

    def run(
        self,
        command: Sequence[str | Path],
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> list[str]:
        """Runs a command to its end, and returns the lines that it wrote.

        Raises:
            SetupError: it could not be started, or its exit code was not 0.

        """
        arguments = [str(part) for part in command]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            process = subprocess.Popen(
                arguments,
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise SetupError(self.step, f"{arguments[0]}: {error.strerror}", self.remedy) from error
        lines = self._follow(process, arguments)
        if process.returncode != 0:
            raise self._failure(arguments, process.returncode, lines)
        return lines

    def _follow(self, process: subprocess.Popen[str], arguments: Sequence[str]) -> list[str]:
        lines: list[str] = []
        self.running.add(process)
        try:
            with self.log.open("a") as log, process:
                log.write(f"$ {' '.join(arguments)}\n")
                for line in process.stdout or ():
                    log.write(line)
                    lines.append(line.rstrip("\n"))
                    self.watch(lines[-1])
        finally:
            self.running.remove(process)
        return lines

    def _failure(self, arguments: Sequence[str], code: int, lines: list[str]) -> SetupError:
        last = deque((line for line in lines if line.strip()), maxlen=_LAST_LINES)
        shown = "\n".join(f"    {line}" for line in last) or "    (it wrote nothing)"
        ended = f"{Path(arguments[0]).name} ended with exit code {code}"
        kind = StoppedError if self.running.ended else SetupError
        return kind(self.step, f"{ended}:\n{shown}\n  Full output: {self.log}", self.remedy)
