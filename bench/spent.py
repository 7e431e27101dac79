"""The time of a command, by the clock and by the processor."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """The seconds of a command, by the clock and of processor time, with all its processes."""

    seconds: float
    processor_seconds: float

    def over(self, other: Spent) -> str:
        """The ratio to another command, by the clock and by the processor."""
        processor = self.processor_seconds / other.processor_seconds
        return f"{self.seconds / other.seconds:.2f} ({processor:.2f})"

    def __str__(self) -> str:
        return f"{self.seconds:.2f} ({self.processor_seconds:.2f})"


def spent_by(command: list[str], folder: Path, environment: Mapping[str, str]) -> Spent:
    """Runs a command to its end; processes that already run, such as the local cloud, don't count.

    Raises:
        SystemExit: the command failed.
    """
    start, before = time.perf_counter(), _processor_seconds()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")
    return Spent(time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    """The processor seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
