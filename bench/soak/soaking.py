"""Runs a soak: many jobs at once by a seed, while the server is killed, stopped and started."""

from __future__ import annotations

import math
import random
import statistics
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bench.local_cloud import BUCKET
from bench.soak.clients import HungError, Life, look
from bench.soak.jobs import Job, plan, problems
from bench.soak.machine import Used, interfaces, leftovers, processes
from bench.soak.server import Soaked, soaked
from localcloud.sagemaker.sandbox import fork_server_process
from localcloud.server import daemon
from localcloud.server.process_table import Process

MOST_GROWTH = 1.5
"""The limit of the server's memory at the end, as a multiple of that after its warm-up."""
SLOWEST_SECONDS = 1.0
"""The limit of the 99th percentile of the answers' times."""
_WARM_JOBS = 12
"""After how many jobs a server that has just started is warm."""
_BETWEEN_SECONDS = (4.0, 12.0)
"""Between which bounds the time from a start of the server to its end is drawn."""
_MORE_THREADS, _MORE_DESCRIPTORS = 8, 16
"""How many more of them a server without jobs may have than at its start."""
_RESTARTING = 0.6
"""The share of the time in which the server is ended and started again."""
_SETTLE_SECONDS = 60.0
_POLL_SECONDS = 0.2
_END_SECONDS = 5.0
_LOOKERS = 2
_MOST_PROBLEMS = 20
"""After how many problems no more jobs are created."""
_MEGABYTE = 1 << 20


@dataclass
class Summary:
    """What a soak has found."""

    seed: int
    ends: Counter[str] = field(default_factory=Counter)
    """The jobs by the secondary status of their end."""
    interruptions: int = 0
    restarts: Counter[str] = field(default_factory=Counter)
    faults: int = 0
    took: list[float] = field(default_factory=list)
    """The seconds of all answers."""
    warm: Used | None = None
    """What the last server used when it was warm; None if it did not get so far."""
    last: Used | None = None
    """What it used when all jobs had ended and were deleted."""
    problems: list[str] = field(default_factory=list)
    """What is wrong with jobs, as sentences."""
    left: list[str] = field(default_factory=list)
    """What was left on the machine or in the local cloud, as sentences."""

    @property
    def slowest(self) -> float:
        """The 99th percentile of the answers' times, in seconds."""
        return statistics.quantiles(self.took, n=100)[-1]

    @property
    def growth(self) -> float:
        """The last server's memory at the end ÷ after its warm-up; nan if it was never warm."""
        if self.warm is None or self.last is None:
            return math.nan
        return self.last.memory / self.warm.memory

    def __str__(self) -> str:
        ends = ", ".join(f"{number} {end}" for end, number in sorted(self.ends.items()))
        memory = ""
        if self.warm is not None and self.last is not None:
            sizes = (self.warm.memory / _MEGABYTE, self.last.memory / _MEGABYTE)
            memory = " ({:.0f} to {:.0f} MB)".format(*sizes)
        return (
            f"Soak, seed {self.seed}: {self.ends.total()} jobs ({ends}), "
            f"{self.interruptions} interruptions, "
            f"server killed {self.restarts['kill']} and stopped {self.restarts['stop']} times, "
            f"{self.faults} faults, {len(self.took)} answers with p99 {self.slowest:.3f} s, "
            f"memory × {self.growth:.2f}{memory}, "
            f"{len(self.left)} leftovers, {len(self.problems)} problems"
        )


def soak(
    minutes: float, seed: int, at_once: int, say: Callable[[str], None] = lambda _: None
) -> Summary:
    """Runs a soak of about so many minutes; `say` gets each problem as it is found."""
    interfaces_before = interfaces()
    with soaked(seed) as cloud:
        run = _Run(cloud, Summary(seed), say)
        run.jobs(60 * minutes, at_once)
        run.settle()
        cloud.stop()
        # The process from which agents are forked ends just after the server.
        until = time.monotonic() + _END_SECONDS
        while left := leftovers(cloud.folder, cloud.entered, interfaces_before):
            if time.monotonic() > until:
                break
            time.sleep(_POLL_SECONDS)
        run.summary.left += left
        run.summary.left += run.contents_without_objects()
        for each in run.summary.left:
            say(each)
        if failures := cloud.failures():
            run.summary.problems.append("requests failed in the server")
            say(failures)
        return run.summary


class _Run:
    def __init__(self, cloud: Soaked, summary: Summary, say: Callable[[str], None]) -> None:
        self.summary = summary
        self._cloud = cloud
        self._say = say
        self._lock = threading.Lock()
        self._plan = plan(summary.seed)
        self._warming: Counter[float] = Counter()
        """How many jobs have ended since each start of the server."""
        self._broken = threading.Event()
        """Set when no more jobs are to be created."""
        self._objects = 0
        """How many objects were in the bucket at the end."""

    def jobs(self, seconds: float, at_once: int) -> None:
        """Runs jobs, so many at once, while the server ends and starts, and others look."""
        deadline, ended = time.monotonic() + seconds, threading.Event()
        chance = random.Random(self.summary.seed)  # noqa: S311  # nothing secret
        with ThreadPoolExecutor(at_once + _LOOKERS + 1) as pool:
            workers = [pool.submit(self._work, deadline) for _ in range(at_once)]
            others = [pool.submit(self._restart, chance, seconds * _RESTARTING, ended)]
            others += [pool.submit(look, self._cloud, each, ended) for each in _chances(_LOOKERS)]
            try:
                for each in workers:
                    each.result()
            finally:
                ended.set()
            for each in others:
                each.result()
        self.summary.restarts = self._cloud.ends
        self.summary.faults = self._cloud.struck
        self.summary.took = self._cloud.took

    def _work(self, deadline: float) -> None:
        while time.monotonic() < deadline and not self._broken.is_set():
            with self._lock:
                job = next(self._plan)
            self._one(job)

    def _one(self, job: Job) -> None:
        life = Life(self._cloud, job)
        try:
            life.live()
            found = problems(job, life.history)
        except HungError as error:
            found = [str(error)]
        except Exception:
            found = [f"a call failed:\n{traceback.format_exc()}"]
        else:
            if not found:
                life.remove()
        with self._lock:
            self.summary.ends[life.history.end] += 1
            self.summary.interruptions += life.interruptions
            for each in found:
                self.summary.problems.append(f"{job}: {each}")
                self._say(f"{self.summary.problems[-1]}\n{life.history}")
            if len(self.summary.problems) >= _MOST_PROBLEMS:
                self._broken.set()
            self._note_end()

    def _note_end(self) -> None:
        since = self._cloud.since
        self._warming[since] += 1
        if self._warming[since] == _WARM_JOBS:
            self.summary.warm = self._cloud.used()

    def _restart(self, chance: random.Random, seconds: float, ended: threading.Event) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() + (wait := chance.uniform(*_BETWEEN_SECONDS)) < deadline:
            how, pause = chance.choice(["kill", "stop"]), chance.choice([0, chance.uniform(0, 2)])
            if ended.wait(wait):
                return
            try:
                self._cloud.end(how, pause)
            except daemon.StartError as error:
                with self._lock:
                    self.summary.problems.append(str(error))
                self._say(str(error))
                self._broken.set()
                raise
            self.summary.warm = None

    def settle(self) -> None:
        """Removes jobs that came back with a killed server, and waits until nothing runs."""
        cloud = self._cloud
        pages = cloud.sagemaker.get_paginator("list_training_jobs").paginate()
        for page in pages:
            for each in page["TrainingJobSummaries"]:
                self._remove(each["TrainingJobName"])
        deadline = time.monotonic() + _SETTLE_SECONDS
        while (left := self._running()) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.summary.left += left
        self.summary.last = cloud.used()
        listed = cloud.s3.list_objects_v2(Bucket=BUCKET)
        self._objects = listed["KeyCount"]

    def _remove(self, name: str) -> None:
        sagemaker = self._cloud.sagemaker
        with suppress(sagemaker.exceptions.ClientError):
            sagemaker.stop_training_job(TrainingJobName=name)
        life = Life(self._cloud, Job(name, "completes", 0, warm_pool=True))
        while (found := life.describe()) and found["TrainingJobStatus"] in {
            "InProgress",
            "Stopping",
        }:
            time.sleep(_POLL_SECONDS)
        life.remove()

    def _is_fork_server(self, process: Process) -> bool:
        """Whether it is one from which the server's processes are forked, as long as it runs."""
        own = process.parent == self._cloud.server.pid
        return own and fork_server_process.__name__ in process.command()

    def _running(self) -> list[str]:
        """What a local cloud without jobs should not have, as sentences."""
        cloud = self._cloud
        found = [
            f"the process {each.number} {each.command()} of no job"
            for each in processes(cloud.folder.name)
            if each.number != cloud.server.pid and not self._is_fork_server(each)
        ]
        folder = cloud.data / "jobs"
        found += [f"the folder {each} of no job" for each in folder.glob("*")]
        ec2: Any = cloud.client("ec2")
        interfaces = ec2.describe_network_interfaces()["NetworkInterfaces"]
        found += [f"the interface {each['Description']}" for each in interfaces]
        first, now = cloud.first, cloud.used()
        if now.threads > first.threads + _MORE_THREADS:
            found.append(f"{now.threads} threads, and {first.threads} at the start")
        if now.descriptors > first.descriptors + _MORE_DESCRIPTORS:
            found.append(f"{now.descriptors} open files, and {first.descriptors} at the start")
        return found

    def contents_without_objects(self) -> list[str]:
        """The contents of deleted objects that a server has kept, as sentences."""
        objects = self._objects
        kept = len(list((self._cloud.data / "kept" / "objects").glob("*/*")))
        return [f"{kept} contents for {objects} objects"] if kept > objects else []


def _chances(count: int) -> list[random.Random]:
    return [random.Random(number) for number in range(count)]  # noqa: S311  # nothing secret
