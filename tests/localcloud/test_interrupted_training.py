"""The digits example, interrupted again and again: the same model, and no step lost in vain."""

from __future__ import annotations

import io
import random
import re
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from components.training_job.launcher_files import launcher_files
from localcloud import daemon
from tests.localcloud.cloud import BUCKET, Cloud, channel, eventually, resources

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
STEPS = 400
# All images are one batch, so that each step is an epoch and leaves a line in the log.
HYPERPARAMETERS = {"epochs": STEPS, "batch-size": 1024, "checkpoint-every": 10, "hidden": 128}
LIMITS = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}
WAIT_SECONDS = 600.0
DROUGHT_SECONDS = 1.0
"""Between an interruption and the next attempt, time to look at what was kept."""
LINE = re.compile(
    r"epoch=\d+ step=(?P<step>\d+) |goes on after step (?P<start>\d+) "
    r"|told to stop: step (?P<stop>\d+) "
)


@dataclass(frozen=True)
class Moment:
    """When and how a job is interrupted."""

    abrupt: bool
    after_progress: bool
    """Whether the attempt has saved a checkpoint before; otherwise it may not have begun."""
    seconds: float
    """How much later."""


@dataclass
class Attempt:
    """What an attempt's log says: after which step it began, and which it did."""

    start: int
    steps: list[int] = field(default_factory=list)
    stop: int | None = None
    """The step that was saved because it was told to stop."""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    data = tmp_path / "cloud"
    yield Cloud(daemon.start(data, "--checkpoint-interval", "0.1"), data)
    daemon.stop(data)


@pytest.mark.deep
@pytest.mark.parametrize(("hosts", "moments", "seed"), [(1, 16, 1), (2, 4, 2)])
def test_a_model_is_the_same_to_the_last_bit_however_often_its_job_is_interrupted(
    cloud: Cloud, hosts: int, moments: int, seed: int, tell: Callable[[str], None]
):
    upload(cloud)
    expected = model(run_to_the_end(cloud, create(cloud, hosts, "whole/")))
    left, jobs, repeated = draw(moments, seed), 0, 0
    while left:
        prefix = f"interrupted-{jobs}/"
        name = create(cloud, hosts, prefix)
        left, kept = interrupt_at(cloud, name, prefix, left)
        assert model(run_to_the_end(cloud, name)) == expected
        attempts = attempts_of(cloud, name)
        check_that_no_more_is_repeated_than_was_not_kept(attempts, kept)
        repeated += sum(len(attempt.steps) for attempt in attempts) - STEPS
        jobs += 1
    tell(
        f"Interruptions, {hosts} host(s), {moments} of {jobs} job(s): {repeated} of "
        f"{jobs * STEPS + repeated} steps were repeated, and every model was the same"
    )


def check_that_no_more_is_repeated_than_was_not_kept(
    attempts: list[Attempt], kept: list[int | None]
) -> None:
    """Each attempt goes on where its predecessor was saved last."""
    assert sorted({step for attempt in attempts for step in attempt.steps}) == [
        *range(1, STEPS + 1)
    ]
    for attempt in attempts:
        first = attempt.start + 1
        assert attempt.steps == [*range(first, first + len(attempt.steps))]
    for before, after in pairwise(attempts):
        assert before.stop in {None, after.start}
    assert any(step is not None for step in kept)
    # Between the look at the bucket and the interruption the script may have saved more.
    latest = max(attempt.start for attempt in attempts)
    assert all(step is None or step <= latest for step in kept)


def draw(moments: int, seed: int) -> list[Moment]:
    chance = random.Random(seed)  # noqa: S311
    return [
        Moment(
            abrupt=chance.random() < 0.5,
            after_progress=chance.random() < 0.75,
            seconds=chance.expovariate(4.0),
        )
        for _ in range(moments)
    ]


def upload(cloud: Cloud) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as file:
        for path in DIGITS.glob("*.py"):
            file.add(path, path.name)
    cloud.put("digits/code/source.tar.gz", archive.getvalue())
    for name, part in launcher_files().items():
        cloud.put(f"digits/code/{name}", part.read_bytes())
    cloud.put("digits/data/digits.csv.gz", (DIGITS / "data" / "digits.csv.gz").read_bytes())


def create(cloud: Cloud, hosts: int, prefix: str) -> str:
    request = cloud.request(
        EnableManagedSpotTraining=True,
        StoppingCondition=LIMITS,
        ResourceConfig=resources(hosts),
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/{prefix}"},
        HyperParameters={name: str(value) for name, value in HYPERPARAMETERS.items()},
        InputDataConfig=[channel("code", "digits/code/"), channel("train", "digits/data/")],
    )
    distribution = "jax" if hosts > 1 else "none"
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/launcher.py"],
        "ContainerArguments": ["--distribution", distribution, "--entry-point", "train.py"],
    }
    cloud.sagemaker.create_training_job(**request)
    return str(request["TrainingJobName"])


def interrupt_at(
    cloud: Cloud, name: str, prefix: str, moments: list[Moment]
) -> tuple[list[Moment], list[int | None]]:
    """Interrupt a job at moments in turn.

    Returns the moments that it ended before, and after each interruption the step of the newest
    checkpoint that was kept, where it was seen before the next attempt began.
    """
    kept: list[int | None] = []
    for index, moment in enumerate(moments):
        await_moment(cloud, name, prefix, moment)
        if not interrupt(cloud, name, index, abrupt=moment.abrupt):
            return moments[index:], kept
        step = newest(cloud, prefix)
        # It was waiting for capacity all the while, or the next attempt may have saved this.
        waits = cloud.describe(name)["SecondaryStatus"] == "Interrupted"
        kept.append(step if waits else None)
    return [], kept


def await_moment(cloud: Cloud, name: str, prefix: str, moment: Moment) -> None:
    before = newest(cloud, prefix)

    def reached() -> bool | None:
        job = cloud.describe(name)
        progress = not moment.after_progress or newest(cloud, prefix) > before
        return ended(job) or (job["SecondaryStatus"] == "Training" and progress) or None

    eventually(reached, WAIT_SECONDS)
    time.sleep(moment.seconds)


def interrupt(cloud: Cloud, name: str, before: int, *, abrupt: bool) -> bool:
    """Interrupt a job that was interrupted `before` times; tell whether it had not ended."""
    document = {"job": name, "abrupt": abrupt, "drought": DROUGHT_SECONDS}

    def interrupted() -> bool | None:
        job = cloud.describe(name)
        rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
        if rows.count("Interrupted") > before:
            return True
        return False if ended(job) else None

    try:
        daemon.ask(cloud.server, "POST", "/localcloud/interruptions", document)
    except daemon.RequestError:
        assert ended(eventually(lambda: finished(cloud, name), WAIT_SECONDS))
        return False
    was_interrupted: bool = eventually(interrupted, WAIT_SECONDS)
    return was_interrupted


def ended(job: dict[str, Any]) -> bool:
    return str(job["TrainingJobStatus"]) != "InProgress"


def finished(cloud: Cloud, name: str) -> dict[str, Any] | None:
    job = cloud.describe(name)
    return job if ended(job) else None


def newest(cloud: Cloud, prefix: str) -> int:
    """Return the step of the newest checkpoint in the bucket; 0 if there is none."""
    return max((int(key.split("step-")[1][:9]) for key in cloud.keys(prefix)), default=0)


def run_to_the_end(cloud: Cloud, name: str) -> bytes:
    """Return the model of a job, once it has completed."""
    job = eventually(lambda: finished(cloud, name), WAIT_SECONDS)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return cloud.get(f"output/{name}/output/model.tar.gz")


def model(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        members = [(member, file.extractfile(member)) for member in file if member.isfile()]
        found = {member.name: content.read() for member, content in members if content}
    assert sorted(found) == ["model.json", "model.npz"]
    return found


def attempts_of(cloud: Cloud, name: str) -> list[Attempt]:
    """Return what the log says of the attempts that did anything."""
    attempts = [Attempt(start=0)]
    for line in cloud.lines(name):
        match = LINE.search(line)
        if match and match["start"]:
            attempts.append(Attempt(int(match["start"])))
        elif match and match["stop"]:
            attempts[-1].stop = int(match["stop"])
        elif match:
            if attempts[-1].steps and match["step"] == "1":
                attempts.append(Attempt(start=0))
            attempts[-1].steps.append(int(match["step"]))
    return attempts
