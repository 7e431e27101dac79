"""Makes a tracking server show lineages as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from tracking.attempts import Attempt, Clients, attempts_of
from tracking.metric_logs import LATE, points_of
from tracking.points import Point
from tracking.tracked_runs import TrackedRun, runs_of_lineage


class Tracking(Protocol):
    """A tracking server, in which runs are as they should be."""

    def find(self, lineage: str) -> None:
        """Finds the runs of a lineage."""

    def known(self, key: str, before_ms: int) -> list[Point]:
        """The points from before a time that the server has of a run that was found."""

    def write(self, run: TrackedRun) -> None:
        """Makes or changes a run."""


class Lineages:
    """Lineages whose jobs are shown on a tracking server."""

    def __init__(self, clients: Clients, names: Iterable[str]) -> None:
        self._clients = clients
        self._names = list(names)
        self._points: dict[str, list[Point]] = {}
        self._done: dict[str, list[str]] = {}

    def sync(self, tracking: Tracking) -> dict[str, list[TrackedRun]]:
        """Shows each lineage as it is now; the runs of those that may have changed."""
        shown = {}
        for name in self._names:
            now = datetime.now(UTC)
            attempts = attempts_of(self._clients, name)
            arns = [attempt.arn for attempt in attempts]
            if self._done.get(name) == arns:
                continue
            shown[name] = show(tracking, name, [(each, self._of(each)) for each in attempts], now)
            if all(attempt.ended and attempt.ended < now - LATE for attempt in attempts):
                self._done[name] = arns
        return shown

    def _of(self, attempt: Attempt) -> list[Point]:
        """The points of an attempt; those of one that ended a while ago are read once."""
        points = self._points.get(attempt.arn)
        if points is None:
            now = datetime.now(UTC)
            points = points_of(self._clients, attempt)
            if attempt.ended and attempt.ended < now - LATE:
                self._points[attempt.arn] = points
        return points


def show(
    tracking: Tracking, lineage: str, found: Sequence[tuple[Attempt, list[Point]]], now: datetime
) -> list[TrackedRun]:
    """Makes a tracking server show a lineage: its run, and then those of its attempts."""
    tracking.find(lineage)
    runs = runs_of_lineage(lineage, found, tracking.known, now)
    for run in runs:
        tracking.write(run)
    return runs
