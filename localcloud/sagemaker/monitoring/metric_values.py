"""The values of a job's metrics on all its instances, as they were found in its output."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring.metrics import Found


class MetricValues:
    """The values of a job's metrics; threads may add and take them at once."""

    def __init__(
        self,
        definitions: Iterable[Mapping[str, str]],
        found: Callable[[Sequence[Metric]], None] = lambda _: None,
    ) -> None:
        """`found` gets all values as they come, from another thread, and returns at once."""
        self._found = found
        self._expressions = {each["Name"]: each["Regex"] for each in definitions}
        self._given_up: set[str] = set()
        self._last: dict[str, Metric] = {}
        self._new: list[Metric] = []
        self._lock = threading.Lock()

    def __bool__(self) -> bool:
        """Whether any metric is defined."""
        return bool(self._expressions)

    @property
    def searched(self) -> dict[str, str]:
        """The expressions by metric, without those that were given up."""
        with self._lock:
            names = self._expressions.keys() - self._given_up
            return {name: each for name, each in self._expressions.items() if name in names}

    def add(self, found: Found) -> None:
        """Adds values."""
        with self._lock:
            self._given_up |= {*found.given_up}
            self._last |= {each.name: each for each in found.values}
            self._new += found.values
        if found.values:
            self._found(found.values)

    def take(self) -> list[Metric]:
        """The values since the last call, oldest first."""
        with self._lock:
            new, self._new = self._new, []
        return new

    def final(self) -> tuple[Metric, ...]:
        """The last values, in the order of the definitions."""
        with self._lock:
            return tuple(self._last[name] for name in self._expressions if name in self._last)
