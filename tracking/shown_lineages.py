"""Makes a tracking server show lineages as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from components.training_job.aws.errors import is_denied
from components.training_job.aws.found_jobs import equals, newest_found
from components.training_job.reader.metric_logs import LATE, FoundAttempt, MetricLogs
from components.training_job.reader.points import Point
from components.training_job.reader.run_attempts import Clients, attempts_of
from components.training_job.reader.tunings import Tuning, attempts_of_trials, tunings_of
from components.training_job.request.job_tags import LINEAGE_TAG
from tracking.tracked_runs import TrackedRun, runs_of_lineage
from tracking.tuning_runs import runs_of_tuning

_Newest = list[tuple[str, str]]


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
        self.clients = clients
        self.names = list(names)
        self._logs = MetricLogs(clients)
        self._done: dict[str, _Newest] = {}
        """The newest jobs of the lineages whose jobs are shown, and change no more."""

    def sync(self, tracking: Tracking) -> dict[str, list[TrackedRun]]:
        """Shows each lineage as it is now; the runs of those that may have changed."""
        shown = {}
        for name in self.names:
            newest = self._newest(name)
            if newest is None or newest != self._done.get(name):
                shown[name] = self._show(tracking, name, newest)
        return shown

    def _newest(self, lineage: str) -> _Newest | None:
        """The names and statuses of the newest jobs, in one call; None without the right to it."""
        sagemaker = self.clients.sagemaker
        try:
            jobs, _ = newest_found(sagemaker, equals(f"Tags.{LINEAGE_TAG}", lineage))
        except sagemaker.exceptions.ClientError as error:
            if not is_denied(error):
                raise
            return None
        return [(job["TrainingJobName"], job["TrainingJobStatus"]) for job in jobs]

    def _show(self, tracking: Tracking, lineage: str, newest: _Newest | None) -> list[TrackedRun]:
        now = datetime.now(UTC)
        found = self._logs.with_points(attempts_of(self.clients, lineage))
        tunings = [
            (tuning, self._logs.with_points(attempts_of_trials(self.clients, tuning)))
            for tuning in tunings_of(self.clients, lineage)
        ]
        shown = show(tracking, lineage, found, now, tunings)
        jobs = [attempt for of in (found, *(own for _, own in tunings)) for attempt, _ in of]
        ends = [*(job.ended for job in jobs), *(tuning.ended for tuning, _ in tunings)]
        if newest and all(ended is not None and ended < now - LATE for ended in ends):
            self._done[lineage] = newest
        return shown


def show(
    tracking: Tracking,
    lineage: str,
    found: Sequence[FoundAttempt],
    now: datetime,
    tunings: Sequence[tuple[Tuning, Sequence[FoundAttempt]]] = (),
) -> list[TrackedRun]:
    """Makes a tracking server show a lineage: each run before those that are below it."""
    tracking.find(lineage)
    runs = runs_of_lineage(lineage, found, tracking.known, now)
    for tuning, trials in tunings:
        runs += runs_of_tuning(lineage, tuning, trials, tracking.known, now)
    for run in runs:
        tracking.write(run)
    return runs
