"""What Search sees: each job as it was some seconds ago."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict, deque
from typing import Generic, Protocol, TypeVar

from localcloud.sagemaker.jobs.quota_book import Place


class Record(Protocol):
    """A job that can be found."""

    name: str
    account: str
    region: str


Job = TypeVar("Job", bound=Record)


class SearchIndex(Generic[Job]):
    """Copies of all jobs; each change reaches them after a delay."""

    def __init__(self, delay: float) -> None:
        """`delay` is in seconds; with 0 every change is seen at once."""
        self._delay = delay
        self._lock = threading.Lock()
        self._seen: defaultdict[Place, dict[str, Job]] = defaultdict(dict)
        self._changes: deque[tuple[float, Job, bool]] = deque()
        """When a job changed, its copy, and whether it is there at all since then."""

    def add(self, job: Job) -> None:
        """Adds a job that is seen at once, as one of an earlier server."""
        with self._lock:
            self._put(copy.copy(job))

    def note(self, job: Job, now: float) -> None:
        """Takes a job's new state; `now` is in epoch seconds."""
        self._change(now, job, there=True)

    def remove(self, job: Job, now: float) -> None:
        """Takes the deletion of a job."""
        self._change(now, job, there=False)

    def jobs(self, place: Place, now: float) -> list[Job]:
        """The jobs of an account and region as they are seen now."""
        with self._lock:
            self._take_over(now)
            return list(self._seen[place].values())

    def forget(self) -> None:
        """Removes all jobs."""
        with self._lock:
            self._seen.clear()
            self._changes.clear()

    def _change(self, now: float, job: Job, *, there: bool) -> None:
        # A shallow copy: what a job consists of is replaced and not changed in place.
        with self._lock:
            self._take_over(now)
            self._changes.append((now, copy.copy(job), there))

    def _take_over(self, now: float) -> None:
        """Makes the changes that are old enough."""
        while self._changes and self._changes[0][0] <= now - self._delay:
            _, job, there = self._changes.popleft()
            if there:
                self._put(job)
            else:
                self._seen[job.account, job.region].pop(job.name, None)

    def _put(self, job: Job) -> None:
        self._seen[job.account, job.region][job.name] = job
