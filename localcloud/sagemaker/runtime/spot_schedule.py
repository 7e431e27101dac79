"""Random spot capacity, from a seed."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from pydantic import Field

from localcloud.protocol.documents import Seconds, parse, strict
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.runtime.control import Interruption

NEVER = 0.0


@strict
@dataclass(frozen=True)
class Market:
    """How often spot instances are taken away, and for how long there are none.

    Times are seconds, and exponentially distributed. What happens to a job depends only on the
    seed and its name, and not on other jobs.
    """

    interval: Seconds = NEVER
    """The mean time of training between two interruptions of a job; 0 for no interruptions."""
    drought: Seconds = 0.0
    """The mean time until there is capacity, at each launch, also the first; 0 for at once."""
    abrupt: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of interruptions that come without SIGTERM and grace, from 0 to 1."""
    seed: int = 0

    def launch_delay(self, job: str) -> float:
        """How long a job waits for its first instances, in seconds."""
        return _time(random.Random(f"{self.seed}/{job}/launch"), self.drought)  # noqa: S311

    def interruption(self, job: str, number: int) -> tuple[float, Interruption]:
        """The seconds of training before a job's next interruption, and the interruption.

        `number` is how many the job has had.
        """
        chance = random.Random(f"{self.seed}/{job}/{number}")  # noqa: S311  # nothing secret
        after = _time(chance, self.interval)
        return after, Interruption(chance.random() < self.abrupt, _time(chance, self.drought))


def _time(chance: random.Random, mean: float) -> float:
    return chance.expovariate(1 / mean) if mean > 0 else 0.0


class SpotSchedule:
    """The current market, which may be replaced while jobs train."""

    def __init__(self, market: Market | None = None) -> None:
        self._market = market or Market()
        self._condition = threading.Condition()

    def replace(self, document: dict[str, Any]) -> dict[str, Any]:
        """Replaces the market by that of a document. Raises ServiceError if it is none."""
        market = parse(Market, document, "a spot schedule")
        with self._condition:
            self._market = market
            self._condition.notify_all()
        return self.show({})

    def show(self, _document: dict[str, Any]) -> dict[str, Any]:
        """The market as a document."""
        with self._condition:
            return asdict(self._market)

    def launch_delay(self, job: TrainingJob) -> float:
        """How long a job waits for its first instances, in seconds."""
        return self._market.launch_delay(job.name) if _is_spot(job) else 0.0

    @contextmanager
    def reclaiming(
        self, job: TrainingJob, interrupt: Callable[[Interruption], object]
    ) -> Iterator[None]:
        """Interrupts a spot job at its times, while the code within runs."""
        if not _is_spot(job):
            yield
            return
        ended = threading.Event()
        threading.Thread(
            target=self._reclaim, args=(job, interrupt, ended), name="spot", daemon=True
        ).start()
        try:
            yield
        finally:
            with self._condition:
                ended.set()
                self._condition.notify_all()

    def _reclaim(
        self,
        job: TrainingJob,
        interrupt: Callable[[Interruption], object],
        ended: threading.Event,
    ) -> None:
        before = sum(row.status == "Interrupted" for row in job.transitions)
        with self._condition:
            while not ended.is_set():
                market = self._market
                after, interruption = market.interruption(job.name, before)
                if self._unchanged(market, ended, after if market.interval else None):
                    interrupt(interruption)
                    return

    def _unchanged(self, market: Market, ended: threading.Event, seconds: float | None) -> bool:
        """Waits. Returns whether the market is still the same and the training goes on."""
        return not self._condition.wait_for(
            lambda: ended.is_set() or self._market is not market, seconds
        )


def _is_spot(job: TrainingJob) -> bool:
    return bool(job.request.get("EnableManagedSpotTraining"))
