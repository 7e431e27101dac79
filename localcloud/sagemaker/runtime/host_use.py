"""How much of its instance each host of a job uses, measured at the host's processes.

SageMaker's metrics of instances are imitated: "Amazon SageMaker AI metrics in Amazon CloudWatch" in
its guide. Processors are counted one by one, so four busy ones are 400 %.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from localcloud.sagemaker.jobs.instances import InstanceType
from localcloud.sagemaker.runtime.volumes import Volume, measure

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_GIB = 1 << 30
_WITHOUT_GPUS = ("inf", "trn")
"""How the families begin whose accelerators are no GPUs."""


class HostUse:
    """The use of one host, between one reading and the next."""

    def __init__(
        self, instance_type: InstanceType, first_process: Callable[[], int | None], volume: Volume
    ) -> None:
        """`first_process` returns the number of the process that all others descend from."""
        self._type = instance_type
        self._first_process = first_process
        self._volume = volume
        self._seconds, self._time = 0.0, time.monotonic()

    def read(self) -> dict[str, float]:
        """The metrics in percent, by name; none while no process runs.

        GPUs are not measured. A script that computes on a GPU type uses this machine's processors
        instead, so these are shown as the GPUs, up to the number of GPUs; so is the memory.
        """
        first = self._first_process()
        processes = dict(_processes(first)) if first is not None else {}
        if not processes:
            return {}
        cpu = self._processors(sum(seconds for seconds, _ in processes.values()))
        memory = _share(sum(size for _, size in processes.values()), self._type.memory_gib * _GIB)
        disk = _share(measure(self._volume), self._volume.size)
        gpus = self._gpus
        gpu = {"GPUUtilization": min(cpu, 100.0 * gpus), "GPUMemoryUtilization": memory * gpus}
        return {
            "CPUUtilization": cpu,
            "MemoryUtilization": memory,
            "DiskUtilization": disk,
            **(gpu if gpus else {}),
        }

    @property
    def _gpus(self) -> int:
        return 0 if self._type.family.startswith(_WITHOUT_GPUS) else self._type.accelerators

    def _processors(self, seconds: float) -> float:
        """The percentage of one processor since the last reading."""
        now = time.monotonic()
        # A process that was killed takes its time with it, so the sum may be less than before.
        used, passed = max(seconds - self._seconds, 0.0), now - self._time
        self._seconds, self._time = seconds, now
        return 100 * used / passed if passed > 0 else 0.0


def _share(part: float, whole: float) -> float:
    """A percentage; 0 of a whole that is not known."""
    return min(100 * part / whole, 100.0) if whole else 0.0


def _processes(first: int) -> Iterator[tuple[int, tuple[float, int]]]:
    """A process and its descendants, with their seconds of processor time and bytes of memory.

    The time of a process has that of its children in it, as far as they have ended.
    """
    waiting = [first]
    while waiting:
        number = waiting.pop()
        try:
            text = Path(f"/proc/{number}/stat").read_text(errors="replace")
            waiting += _children(number)
        except OSError:  # it has ended
            continue
        # The name is in parentheses, and may contain blanks and parentheses.
        fields = text.rpartition(")")[2].split()
        yield number, (sum(map(int, fields[11:15])) / _TICKS, int(fields[21]) * _PAGE)


def _children(number: int) -> Iterator[int]:
    for task in Path(f"/proc/{number}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())
