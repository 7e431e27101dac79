"""Makes a tracking server show lineages as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from components.training_job.aws.errors import is_denied
from components.training_job.aws.found_jobs import equals, newest_found
from components.training_job.reader.metric_logs import LATE, MetricLogs
from components.training_job.reader.points import Point
from components.training_job.reader.run_attempts import Attempt, Clients, attempts_of
from components.training_job.request.job_tags import LINEAGE_TAG
from tracking.tracked_runs import TrackedRun, runs_of_lineage
from tracking.tuning_runs import runs_of_tuning
from tracking.tunings import Tuning, tunings_of

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
        state = _State(attempts_of(self.clients, lineage), tunings_of(self.clients, lineage))
        found = [(attempt, self._logs.points_of(attempt)) for attempt in state.attempts]
        of_trials = [
            (tuning, [self._logs.points_of(trial.attempt) for trial in tuning.trials])
            for tuning in state.tunings
        ]
        shown = show(tracking, lineage, found, now, of_trials)
        if newest and all(ended is not None and ended < now - LATE for ended in state.ends):
            self._done[lineage] = newest
        return shown


@dataclass(frozen=True)
class _State:
    """The jobs of a lineage."""

    attempts: list[Attempt]
    tunings: list[Tuning]

    @property
    def ends(self) -> Iterator[datetime | None]:
        """When each of them ended; None for those that are live."""
        yield from (attempt.ended for attempt in self.attempts)
        for tuning in self.tunings:
            yield tuning.ended
            yield from (trial.attempt.ended for trial in tuning.trials)


def show(
    tracking: Tracking,
    lineage: str,
    found: Sequence[tuple[Attempt, list[Point]]],
    now: datetime,
    tunings: Sequence[tuple[Tuning, Sequence[list[Point]]]] = (),
) -> list[TrackedRun]:
    """Makes a tracking server show a lineage: each run before those that are below it."""
    tracking.find(lineage)
    runs = runs_of_lineage(lineage, found, tracking.known, now)
    for tuning, points in tunings:
        runs += runs_of_tuning(lineage, tuning, points, tracking.known, now)
    for run in runs:
        tracking.write(run)
    return runs
