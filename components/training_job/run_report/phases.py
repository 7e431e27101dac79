"""What an attempt did when, in the few phases that people know. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from components.training_job.reader.run_attempts import Attempt

WAITING, DOWNLOADING, TRAINING, INTERRUPTED, UPLOADING, STOPPING = PHASES = (
    "waiting",
    "downloading",
    "training",
    "interrupted",
    "uploading",
    "stopping",
)

_PHASE_OF = {
    "Starting": WAITING,
    "Pending": WAITING,
    "LaunchingMLInstances": WAITING,
    "Restarting": WAITING,
    "PreparingTrainingStack": DOWNLOADING,
    "Downloading": DOWNLOADING,
    "DownloadingTrainingImage": DOWNLOADING,
    "Training": TRAINING,
    "Updating": TRAINING,
    "Interrupted": INTERRUPTED,
    "Uploading": UPLOADING,
    "Stopping": STOPPING,
}
"""SageMaker's secondary statuses; those that only say how a job ended are in no phase."""


@dataclass(frozen=True)
class Span:
    """A time in one phase."""

    phase: str
    begin: datetime
    end: datetime
    message: str = ""
    """What SageMaker said of it."""

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.end - self.begin).total_seconds()


def spans_of(attempt: Attempt, now: datetime) -> list[Span]:
    """The phases of an attempt in their order; the one that it is in lasts until now."""
    end = attempt.ended or now
    found = (
        Span(phase, visit.started, min(visit.ended or end, end), visit.message)
        for visit in attempt.visits
        if (phase := _PHASE_OF.get(visit.status)) and visit.started <= end
    )
    return list(_joined(found))


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, with those of one phase that follow each other as one."""
    last: Span | None = None
    for span in spans:
        if last and last.phase == span.phase and span.phase != INTERRUPTED:
            last = Span(last.phase, last.begin, span.end, span.message)
            continue
        if last:
            yield last
        last = span
    if last:
        yield last


def seconds_by_phase(spans: Iterable[Span]) -> dict[str, float]:
    """How long all spans of a phase are together, for each phase that there was."""
    found = list(spans)
    return {
        phase: sum(each.seconds for each in found if each.phase == phase)
        for phase in PHASES
        if any(each.phase == phase for each in found)
    }


class TimeAxis:
    """Places from 0 to 1 for the times of attempts, with the pauses between them cut short."""

    LONGEST_PAUSE = 0.05
    """How long a pause is shown, as a share of the time of all attempts."""

    def __init__(self, times: Sequence[tuple[datetime, datetime]]) -> None:
        """`times` are the begin and the end of each attempt, the oldest first."""
        self._times = times
        busy = sum((end - begin for begin, end in times), timedelta())
        longest = busy * self.LONGEST_PAUSE
        self._begins, at, last = list[timedelta](), timedelta(), times[0][0]
        self.is_cut = False
        for begin, end in times:
            pause = max(begin - last, timedelta())
            self.is_cut = self.is_cut or pause > longest
            at += min(pause, longest)
            self._begins.append(at)
            at += end - begin
            last = max(last, end)
        self._whole = at

    def place(self, attempt: int, time: datetime) -> float:
        """Where a time of an attempt is."""
        if not self._whole:
            return 0.0
        return (self._begins[attempt] + (time - self._times[attempt][0])) / self._whole
