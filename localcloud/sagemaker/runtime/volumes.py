"""Ends a job whose files are larger than its volume, or fill this machine's disk.

Without an administrator's rights no folder can have a limit on its size. So files are measured
again and again: a write beyond the limit succeeds, and the job ends soon after it.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_GIB = 1 << 30
_RESERVE = _GIB
"""Bytes of the disk that jobs leave free, for the data of the local cloud; at most half of what was
free before the first job."""
_LOOK_SECONDS = 0.25
_MEASURE_SECONDS = 1.0
# Many files take long to measure: no more than this share of the time is spent on it.
_LARGEST_SHARE = 0.05
_RELIEF_SECONDS = 10.0
"""How long the files of a job that was ended may take to be removed."""

NO_SPACE = "Insufficient disk space"
"""The words of SageMaker."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Volume:
    """The folders of one instance that are on its volume, and the volume's size in bytes."""

    host: str
    folders: tuple[Path, ...]
    size: int
    """0 for no limit."""


Full = Callable[[str], None]
"""Ends the job of a volume that is too large; takes the reason, and returns at once."""


def measure(volume: Volume) -> int:
    """The bytes that a volume's files occupy; 0 if this machine can't start a process now."""
    # In a process of its own, because other threads would wait for this one. du fails if a file
    # vanishes meanwhile, and what it prints is right all the same.
    command = ("du", "-s", "-B1", "--", *map(str, volume.folders))
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return 0
    return sum(int(line.split(b"\t")[0]) for line in answer.stdout.splitlines())


class Volumes:
    """The volumes of all running jobs, which a thread measures while there are any."""

    def __init__(self, disk: Path) -> None:
        """`disk` is a folder on the disk that must not become full."""
        self._disk = disk
        self._watched: dict[Volume, Full] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._reserve = 0
        self._next_measure = self._next_relief = 0.0

    @contextmanager
    def watched(self, volumes: Sequence[Volume], full: Full) -> Iterator[None]:
        """Calls `full` at most once for each volume that becomes too large meanwhile."""
        with self._lock:
            self._watched |= dict.fromkeys(volumes, full)
            if self._thread is None:
                self._reserve = min(_RESERVE, self._free() // 2)
                self._thread = threading.Thread(target=self._run, name="volumes", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                for volume in volumes:
                    self._watched.pop(volume, None)

    def _free(self) -> int:
        return shutil.disk_usage(self._disk).free

    def _run(self) -> None:
        while self._goes_on():
            try:
                self._look()
            except Exception:
                _log.exception("The volumes of the jobs could not be measured")
            time.sleep(_LOOK_SECONDS)

    def _goes_on(self) -> bool:
        """Whether a volume is watched; if not, the thread ends, and the next job begins another."""
        with self._lock:
            if not self._watched:
                self._thread = None
            return self._thread is not None

    def _look(self) -> None:
        now = time.monotonic()
        missing = self._reserve - self._free()
        if missing > 0 and now >= self._next_relief:
            pause = _RELIEF_SECONDS if self._relieve(missing) else _MEASURE_SECONDS
            self._next_relief = time.monotonic() + pause
        elif now >= self._next_measure:
            for volume, used in self._measured().items():
                if 0 < volume.size < used:
                    self._end(
                        volume,
                        f"The files of {volume.host} take {_gib(used)}, and the VolumeSizeInGB of "
                        f"the job is {volume.size // _GIB}",
                    )
            end = time.monotonic()
            self._next_measure = end + max(_MEASURE_SECONDS, (end - now) / _LARGEST_SHARE)

    def _relieve(self, missing: int) -> bool:
        """Ends the job with the largest volume, if that gives back what is missing.

        Returns whether it has ended one.
        """
        measured = self._measured()
        largest = max(measured, key=measured.__getitem__, default=None)
        if largest is None or measured[largest] < missing:
            return False
        self._end(
            largest,
            f"The disk of this machine is full, and {largest.host} has the largest files of "
            f"all jobs, {_gib(measured[largest])}",
        )
        return True

    def _measured(self) -> dict[Volume, int]:
        with self._lock:
            volumes = list(self._watched)
        return {volume: measure(volume) for volume in volumes}

    def _end(self, volume: Volume, why: str) -> None:
        with self._lock:
            full = self._watched.pop(volume, None)
        if full is not None:
            full(f"{NO_SPACE}: [Errno 28] No space left on device. {why}.")


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
