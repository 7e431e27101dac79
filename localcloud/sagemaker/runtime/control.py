"""What a running job waits for: its instances, its owner and its limits."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from localcloud.sagemaker.jobs.failure_reasons import reason
from localcloud.sagemaker.jobs.statuses import Limit
from localcloud.sagemaker.runtime.layout import Host

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Outcome:
    """How a job ends: its last secondary status, and the reason if it failed."""

    status: str
    reason: str = ""


class EndedError(Exception):
    """The job has to end before its script has run."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.status)
        self.outcome = outcome


@dataclass(frozen=True)
class Exit:
    """An instance's entry point ended."""

    host: Host
    code: int


@dataclass(frozen=True)
class Interruption:
    """Spot capacity is taken away, and comes back after a while."""

    abrupt: bool = False
    """Whether the instances are lost without SIGTERM and grace period."""
    drought: float = 0.0
    """Seconds until there is capacity again."""


Event = Exit | Outcome | Interruption


class Control:
    """Collects the events of one job, from several threads."""

    def __init__(self, limits: Callable[[], tuple[Limit, ...]]) -> None:
        self._limits = limits
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._demanded: Outcome | None = None

    def demand(self, outcome: Outcome) -> None:
        """Asks the job to end; only the first request counts."""
        if self._demanded is None:
            self._demanded = outcome
            self._events.put(outcome)

    def fail(self, error: Exception) -> None:
        """Makes the job fail, for an error in another thread."""
        self.demand(Outcome("Failed", reason(error)))

    def failure(self) -> Outcome | None:
        """How the job has to fail, if it has to."""
        demanded = self._demanded
        return demanded if demanded is not None and demanded.status == "Failed" else None

    def interrupt(self, interruption: Interruption) -> None:
        """Takes the job's instances away."""
        self._events.put(interruption)

    def exited(self, host: Host, code: int) -> None:
        """Reports that an entry point ended."""
        self._events.put(Exit(host, code))

    def check(self) -> None:
        """Raises EndedError if the job was asked to end or has reached a limit."""
        outcome = self._demanded or self._reached()
        if outcome is not None:
            raise EndedError(outcome)

    def wait(self, seconds: float) -> None:
        """Waits. Raises EndedError as soon as the job has to end."""
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(_POLL_SECONDS, left))
            self.check()

    def forget_instances(self) -> None:
        """Forgets the events and failures of instances that are gone.

        A request of the owner to end is kept.
        """
        if self.failure():
            self._demanded = None
        with suppress(queue.Empty):
            while True:
                self._events.get_nowait()

    def next(self) -> Event:
        """Waits for the next exit, demand, interruption or limit."""
        limit = min(self._limits(), key=lambda each: each.time, default=None)
        if limit is None:
            return self._events.get()
        try:
            return self._events.get(timeout=max(0.0, limit.time - time.time()))
        except queue.Empty:
            return Outcome(limit.status)

    def next_exit(self, seconds: float) -> Exit | None:
        """Waits for the next exit only; None after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return None
            if isinstance(event, Exit):
                return event

    def _reached(self) -> Outcome | None:
        now = time.time()
        return next((Outcome(each.status) for each in self._limits() if each.time <= now), None)
