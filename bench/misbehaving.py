"""How long the local cloud's answers take beside a job that misbehaves.

    python -m bench.misbehaving [NAME …]

One separate local cloud, one job after the other. While a job runs, a client asks for its
description again and again. The floor is a job that only computes: it uses as much of the machine
as it gets, and no more of the server than any job does. The ratio is to that floor, in the same
run. An answer may take at most a second, whatever a job does.

Jobs with many processes end by themselves, also if the measurement is killed.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from rich.console import Console
from rich.table import Table

from bench.local_cloud import LocalCloud, local_cloud

MOST_SECONDS = 1.0
"""The most that an answer may take at the 99th percentile."""

SECONDS = 15.0
"""How long each job is watched."""

_PAUSE_SECONDS = 0.02
_SETTLING_SECONDS = 1.0
_PERCENT = 100
_EXPRESSIONS = 20
FLOOR = "only computes"

_COMPUTE = "while True: pass"
_LIFETIME_SECONDS = 40.0
"""After which the processes of a job with many have ended, whether it was stopped or not."""
_TRAINING_SECONDS, _END_SECONDS = 30.0, 60.0
"""How long a job may take until it trains, and to end."""


def many_processes(count: int, seconds: float) -> str:
    """A script whose processes all compute, and end after some seconds, as the script does."""
    return f"""
import os, time
end = time.monotonic() + {seconds}
for _ in range({count}):
    if time.monotonic() < end and os.fork() == 0:
        while time.monotonic() < end:
            pass
        os._exit(0)
time.sleep(max(0.0, end - time.monotonic()))
"""


def fork_bomb(seconds: float) -> str:
    """A script whose processes all make others, and end after some seconds."""
    return f"""
import os, time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    try:
        os.fork()
    except OSError:
        pass
"""


_LINES = """
import os
lines = b'step\\n' * 13_000
while True:
    os.write(1, lines)
"""
_ENDLESS_LINE = """
import os
while True:
    os.write(1, b'x' * 65_536)
"""
_PROGRESS = """
import itertools
for number in itertools.count():
    print(f'epoch 1/1 {number}/5000 loss: {1 / (number + 1):.4f}', end='\\r', flush=True)
"""
_BACKTRACKING = """
while True:
    print('a' * 60 + 'b', flush=True)
"""
_CHECKPOINTS = """
import itertools, pathlib
folder = pathlib.Path('/opt/ml/checkpoints')
for number in itertools.count():
    (folder / f'{number % 1_000}').write_text(str(number))
"""
_COSTLY = [{"Name": f"m{number}", "Regex": rf"(a+)+{number}$"} for number in range(_EXPRESSIONS)]
_BAR = [{"Name": "loss", "Regex": r"epoch.*loss: ([0-9.]+).*accuracy: ([0-9.]+)"}]
_METRIC = [{"Name": "step", "Regex": r"(step)"}]

JOBS: Mapping[str, tuple[str, Sequence[dict[str, str]]]] = {
    FLOOR: (_COMPUTE, ()),
    "1,000 processes": (many_processes(1_000, _LIFETIME_SECONDS), ()),
    "fork bomb": (fork_bomb(_LIFETIME_SECONDS), ()),
    "short lines without end": (_LINES, ()),
    "the same, searched for a metric": (_LINES, _METRIC),
    "one line without end": (_ENDLESS_LINE, ()),
    "a progress bar, searched for a metric": (_PROGRESS, _BAR),
    "20 expressions that backtrack": (_BACKTRACKING, _COSTLY),
    "checkpoints without end": (_CHECKPOINTS, ()),
}
"""What a job's script does, and its metrics, by name."""


@dataclass(frozen=True)
class Answers:
    """How long the server took to answer, in seconds."""

    seconds: tuple[float, ...]
    stop: float
    """The seconds from StopTrainingJob until the job has ended."""

    @property
    def median(self) -> float:
        """Half of the answers took longer."""
        return statistics.median(self.seconds)

    @property
    def slow(self) -> float:
        """The 99th percentile."""
        return statistics.quantiles(self.seconds, n=_PERCENT, method="inclusive")[-1]

    @property
    def slowest(self) -> float:
        """The longest."""
        return max(self.seconds)


def measure(cloud: LocalCloud, name: str, seconds: float = SECONDS) -> Answers:
    """The answers beside one of the jobs, for as many seconds.

    Raises RuntimeError if the job ends by itself, and TimeoutError if it does not end in time.
    """
    script, metrics = JOBS[name]
    job = "".join(letter if letter.isalnum() else "-" for letter in name)
    changes: dict[str, Any] = {"CheckpointConfig": {"S3Uri": "s3://measurements/checkpoints/"}}
    cloud.create(job, script, metrics=metrics, **changes)
    client = cloud.client("sagemaker", Config(retries={"total_max_attempts": 1}))
    await_training(client, job)
    time.sleep(_SETTLING_SECONDS)
    taken = tuple(_answers(client, job, seconds))
    begun = time.monotonic()
    client.stop_training_job(TrainingJobName=job)
    cloud.wait(job, _END_SECONDS)
    return Answers(taken, time.monotonic() - begun)


def await_training(client: Any, job: str) -> None:
    """Waits until a job trains. Raises RuntimeError if it ends before, or takes too long."""
    deadline = time.monotonic() + _TRAINING_SECONDS
    while True:
        found = client.describe_training_job(TrainingJobName=job)
        if found["SecondaryStatus"] == "Training":
            return
        if found["TrainingJobStatus"] != "InProgress" or time.monotonic() > deadline:
            raise RuntimeError(f"{job} does not train: {found.get('FailureReason', found)}")
        time.sleep(_PAUSE_SECONDS)


def _answers(client: Any, job: str, seconds: float) -> Iterator[float]:
    end = time.monotonic() + seconds
    while (begun := time.monotonic()) < end:
        client.describe_training_job(TrainingJobName=job)
        yield time.monotonic() - begun
        time.sleep(_PAUSE_SECONDS)


def table(measured: Mapping[str, Answers]) -> Table:
    """The measurements, next to the floor and to the most that is allowed."""
    shown = Table(
        *("a job with", "median", "99th percentile", "over the floor", "slowest", "stopped in"),
        title=f"Seconds until the answer; the goal is at most {MOST_SECONDS:.0f} at the 99th",
    )
    floor = measured.get(FLOOR)
    for name, answers in measured.items():
        ratio = f"{answers.slow / floor.slow:.1f}" if floor else ""
        figures = (answers.median, answers.slow, answers.slowest)
        median, slow, slowest = (f"{each:.3f}" for each in figures)
        shown.add_row(name, median, slow, ratio, slowest, f"{answers.stop:.1f}")
    return shown


def main(names: Sequence[str]) -> None:
    """Measures the jobs that are named, or all, and prints a table."""
    # So that what it started ends with it, also under `timeout`.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("It was ended."))
    console = Console()
    measured = {}
    with local_cloud("--grace", "2") as cloud:
        for name in names or JOBS:
            measured[name] = measure(cloud, name)
            console.print(f"{name}: load {os.getloadavg()[0]:.1f} after it")
    console.print(table(measured))


if __name__ == "__main__":
    main(sys.argv[1:])
