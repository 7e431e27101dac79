"""All training jobs, kept in the orders in which they are listed."""

from __future__ import annotations

import threading
import time
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from localcloud.sagemaker.jobs import statuses, warm_pools
from localcloud.sagemaker.jobs.quota_book import Place
from localcloud.sagemaker.jobs.records import TrainingJob


def by_creation(job: TrainingJob) -> tuple[float, str]:
    """The key of the order of creation."""
    return job.created, job.name


def by_name(job: TrainingJob) -> str:
    """The key of the order of names."""
    return job.name


@dataclass
class Orders:
    """The jobs of one place, in ascending orders."""

    creation: list[TrainingJob] = field(default_factory=list)
    name: list[TrainingJob] = field(default_factory=list)


class JobStore:
    """The records of all accounts and regions. An account never loses a record by itself."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._jobs: dict[str, TrainingJob] = {}
        self._holding: dict[str, TrainingJob] = {}
        """The jobs that may have instances; those that can't have any more leave it."""
        self._orders: defaultdict[Place, Orders] = defaultdict(Orders)

    def add(self, job: TrainingJob) -> None:
        """Adds a job."""
        with self._lock:
            orders = self._orders[job.account, job.region]
            insort(orders.creation, job, key=by_creation)
            insort(orders.name, job, key=by_name)
            self._jobs[job.arn] = self._holding[job.arn] = job

    def add_all(self, jobs: Iterable[TrainingJob]) -> None:
        """Adds many jobs, with one sort for all."""
        with self._lock:
            for job in jobs:
                orders = self._orders[job.account, job.region]
                orders.creation.append(job)
                orders.name.append(job)
                self._jobs[job.arn] = self._holding[job.arn] = job
            for orders in self._orders.values():
                orders.creation.sort(key=by_creation)
                orders.name.sort(key=by_name)

    def remove(self, job: TrainingJob) -> None:
        """Removes a job."""
        with self._lock:
            orders = self._orders[job.account, job.region]
            del orders.creation[bisect_left(orders.creation, by_creation(job), key=by_creation)]
            del orders.name[bisect_left(orders.name, by_name(job), key=by_name)]
            del self._jobs[job.arn]
            self._holding.pop(job.arn, None)

    def clear(self) -> None:
        """Removes all jobs."""
        with self._lock:
            self._jobs.clear()
            self._holding.clear()
            self._orders.clear()

    def find(self, arn: str) -> TrainingJob | None:
        """The job with this ARN; None if there is none."""
        return self._jobs.get(arn)

    def all(self) -> list[TrainingJob]:
        """All jobs, in no order."""
        with self._lock:
            return list(self._jobs.values())

    def holding(self) -> list[TrainingJob]:
        """The jobs that have instances, wait for them or keep them warm.

        There are few, however many records there are.
        """
        with self._lock:
            now = time.time()
            self._holding = {arn: job for arn, job in self._holding.items() if holds(job, now)}
            return list(self._holding.values())

    def orders(self, place: Place) -> Orders:
        """The jobs of a place as they are now."""
        with self._lock:
            orders = self._orders[place]
            return Orders(list(orders.creation), list(orders.name))


def holds(job: TrainingJob, now: float) -> bool:
    """Whether a job has instances, waits for them or keeps them warm. Once false, it stays so."""
    return not statuses.ended(job) or warm_pools.status(job, now) == "Available"
