"""Metrics that the service reads from a job's output."""

from __future__ import annotations

import math
import re
import struct
import threading
from collections.abc import Iterable, Mapping

from localcloud.sagemaker.records import Metric


def extract(line: str, definitions: Mapping[str, re.Pattern[str]]) -> dict[str, float]:
    """Return the metrics in one line of output: each definition's last match, first group."""
    found = {}
    for name, pattern in definitions.items():
        for match in pattern.finditer(line):
            value = _number(match.group(1))
            if value is not None:
                found[name] = value
    return found


def _number(text: str | None) -> float | None:
    """Return a number as the service keeps it, with single precision; None if it is none."""
    try:
        (value,) = struct.unpack("f", struct.pack("f", float(text or "")))
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


class Metrics:
    """The last value of each metric over all instances of a job."""

    def __init__(self, definitions: Iterable[Mapping[str, str]]) -> None:
        self._patterns = {each["Name"]: re.compile(each["Regex"]) for each in definitions}
        self._last: dict[str, Metric] = {}
        self._new: list[Metric] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Tell whether any metric is defined."""
        return bool(self._patterns)

    def read(self, line: str, time: float) -> None:
        """Take the metrics of one line of output."""
        found = extract(line, self._patterns)
        with self._lock:
            for name, value in found.items():
                self._last[name] = Metric(name, value, time)
                self._new.append(self._last[name])

    def take(self) -> list[Metric]:
        """Return the values since the last call, oldest first."""
        with self._lock:
            new, self._new = self._new, []
        return new

    def final(self) -> tuple[Metric, ...]:
        """Return the last values, in the order of the definitions."""
        with self._lock:
            return tuple(self._last[name] for name in self._patterns if name in self._last)
