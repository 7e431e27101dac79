"""What Search sees: each training job as it was some seconds ago."""

from __future__ import annotations

import copy
import threading
from collections import deque

from localcloud.sagemaker.jobs.records import TrainingJob


class SearchIndex:
    """Copies of all jobs; each change reaches them after a delay."""

    def __init__(self, delay: float) -> None:
        """`delay` is in seconds; with 0 every change is seen at once."""
        self._delay = delay
        self._lock = threading.Lock()
        self._seen: dict[str, TrainingJob] = {}
        self._changes: deque[tuple[float, str, TrainingJob | None]] = deque()

    def add(self, job: TrainingJob) -> None:
        """Adds a job that is seen at once, as one of an earlier server."""
        with self._lock:
            self._seen[job.arn] = copy.copy(job)

    def note(self, job: TrainingJob, now: float) -> None:
        """Takes a job's new state; `now` is in epoch seconds."""
        # A shallow copy: what a job consists of is replaced and never changed in place.
        self._change(now, job.arn, copy.copy(job))

    def remove(self, job: TrainingJob, now: float) -> None:
        """Takes the deletion of a job."""
        self._change(now, job.arn, None)

    def jobs(self, now: float) -> list[TrainingJob]:
        """The jobs as they are seen now."""
        with self._lock:
            while self._changes and self._changes[0][0] <= now - self._delay:
                _, arn, job = self._changes.popleft()
                if job is None:
                    self._seen.pop(arn, None)
                else:
                    self._seen[arn] = job
            return list(self._seen.values())

    def forget(self) -> None:
        """Removes all jobs."""
        with self._lock:
            self._seen.clear()
            self._changes.clear()

    def _change(self, now: float, arn: str, job: TrainingJob | None) -> None:
        with self._lock:
            self._changes.append((now, arn, job))
