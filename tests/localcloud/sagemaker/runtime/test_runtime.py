"""The digits example, interrupted or paused again and again: no step is lost in vain."""

from __future__ import annotations

import io
import random
import re
import subprocess
import tarfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from components.training_job.code_channel.launcher_archive import write_launcher
from components.training_job.request.definition import LAUNCHER
from localcloud.server import daemon
from tests.localcloud.cloud import (
    BUCKET,
    GROUP,
    LISTEN,
    Cloud,
    channel,
    eventually,
    resources,
    running_cloud,
)
from toolchain.layout import CHECKOUT

DIGITS = Path(__file__).parents[4] / "examples" / "digits"
STEPS = 400
# All images are one batch, so that each step is an epoch and leaves a line in the log.
HYPERPARAMETERS = {"epochs": STEPS, "batch-size": 1024, "checkpoint-every": 10, "hidden": 32}
LIMITS = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 3600}
OPTIONS = ("--checkpoint-interval", "0.1", "--grace", "30", "--role-delay", "0")
WAIT_SECONDS = 600.0
DROUGHT_SECONDS = 1.0
"""Keeps an attempt's objects apart from the next one's: S3 has their times in whole seconds."""
BEFORE_SECONDS = 0.9
"""How long before an attempt all times are those of the attempts before it."""
LINE = re.compile(
    r"epoch=\d+ step=(?P<step>\d+) |goes on after step (?P<start>\d+) "
    r"|asked to stop: step (?P<stop>\d+) "
)


@dataclass(frozen=True)
class Moment:
    """When and how a job is interrupted."""

    abrupt: bool
    after_progress: bool
    """Whether the attempt has saved a checkpoint before; otherwise it may not have begun."""
    seconds: float
    """How much later."""


@dataclass(frozen=True)
class Attempt:
    """What lay in the bucket when an attempt began, and what its log says."""

    kept: int
    """The step of the newest checkpoint that had been uploaded; 0 if there was none."""
    start: int | None
    """After which step it went on; None if the log does not say."""
    steps: list[int]
    """Which it did."""
    stop: int | None
    """The step that was saved because it was asked to stop."""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    versioned = {"Status": "Enabled"}
    with running_cloud(tmp_path / "cloud", *OPTIONS) as cloud:
        # So that the bucket shows afterwards what was in it at which time.
        cloud.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioned)
        yield cloud


@pytest.mark.deep
@pytest.mark.parametrize(("hosts", "moments", "seed"), [(1, 16, 1), (2, 4, 6)])
def test_a_model_is_the_same_to_the_last_bit_however_often_its_job_is_interrupted(
    cloud: Cloud, hosts: int, moments: int, seed: int, report: Callable[[str], None]
):
    upload(cloud)
    expected = model(run_to_the_end(cloud, create(cloud, hosts, "whole/")))
    left, jobs, repeated = draw(moments, seed), 0, 0
    while left:
        prefix = f"interrupted-{jobs}/"
        name = create(cloud, hosts, prefix)
        met = interrupt_at(cloud, name, prefix, left)
        assert model(run_to_the_end(cloud, name)) == expected
        attempts = attempts_of(cloud, name, prefix)
        check_that_what_was_kept_is_not_repeated(attempts, left[:met])
        repeated += sum(len(attempt.steps) for attempt in attempts) - STEPS
        left, jobs = left[met:], jobs + 1
    report(
        f"Interruptions, {hosts} host(s), {moments} of {jobs} job(s): {repeated} of "
        f"{jobs * STEPS + repeated} steps were repeated, none of which was kept in the bucket, "
        "and every model was the same"
    )


def test_a_lineage_goes_on_on_one_host_and_then_on_three_and_repeats_no_step(cloud: Cloud):
    upload(cloud)
    jobs = []
    for hosts in (2, 1):
        before, name = newest(cloud, "kept/"), create(cloud, hosts, "kept/", steps=1_000_000)
        eventually(lambda: newest(cloud, "kept/") > before or None, WAIT_SECONDS)  # noqa: B023
        assert cloud.stop(name)["TrainingJobStatus"] == "Stopped"  # as a pause does
        jobs.append(name)
    last = max(STEPS, newest(cloud, "kept/") + 100)
    jobs.append(create(cloud, 3, "kept/", steps=last))
    run_to_the_end(cloud, jobs[-1])
    lines = [line for name in jobs for _, line in lines_of(cloud, name)]
    assert [int(line["step"]) for line in lines if line["step"]] == [*range(1, last + 1)]
    (accuracy,) = re.findall(r"test_accuracy=(\S+)", "\n".join(cloud.lines(jobs[-1])))
    assert float(accuracy) >= 0.95


def check_that_what_was_kept_is_not_repeated(
    attempts: Sequence[Attempt], moments: Sequence[Moment]
) -> None:
    """Each attempt goes on exactly after the newest checkpoint that had been uploaded before."""
    assert len(attempts) == len(moments) + 1
    for attempt in attempts:
        assert attempt.start in {None, attempt.kept}
        first = attempt.kept + 1
        assert attempt.steps == [*range(first, first + len(attempt.steps))]
    assert {step for attempt in attempts for step in attempt.steps} == {*range(1, STEPS + 1)}
    for moment, (before, after) in zip(moments, pairwise(attempts), strict=True):
        assert after.kept >= before.kept
        if moment.after_progress:
            assert after.kept > before.kept
        assert before.stop is None if moment.abrupt else before.stop in {None, after.kept}


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
    with TemporaryDirectory() as folder:
        launcher = write_launcher(Path(folder) / LAUNCHER).read_bytes()
    cloud.put(f"digits/code/{LAUNCHER}", launcher)
    cloud.put("digits/data/digits.csv.gz", (DIGITS / "data" / "digits.csv.gz").read_bytes())


def create(cloud: Cloud, hosts: int, prefix: str, steps: int = STEPS) -> str:
    parameters = HYPERPARAMETERS | {"epochs": steps}
    request = cloud.request(
        EnableManagedSpotTraining=True,
        StoppingCondition=LIMITS,
        ResourceConfig=resources(hosts),
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/{prefix}"},
        HyperParameters={name: str(value) for name, value in parameters.items()},
        InputDataConfig=[channel("code", "digits/code/"), channel("train", "digits/data/")],
    )
    distribution = "jax" if hosts > 1 else "none"
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["python3", f"/opt/ml/input/data/code/{LAUNCHER}"],
        "ContainerArguments": ["--distribution", distribution, "--entry-point", "train.py"],
    }
    cloud.sagemaker.create_training_job(**request)
    return str(request["TrainingJobName"])


def interrupt_at(cloud: Cloud, name: str, prefix: str, moments: Sequence[Moment]) -> int:
    """Interrupts a job at moments in turn; returns before how many of them it had not ended."""
    for index, moment in enumerate(moments):
        await_moment(cloud, name, prefix, moment)
        if not interrupt(cloud, name, index, abrupt=moment.abrupt):
            return index
    return len(moments)


def await_moment(cloud: Cloud, name: str, prefix: str, moment: Moment) -> None:
    def reached(condition: Callable[[str], bool]) -> bool | None:
        job = cloud.describe(name)
        return ended(job) or condition(job["SecondaryStatus"]) or None

    eventually(lambda: reached(lambda status: status == "Training"), WAIT_SECONDS)
    before = newest(cloud, prefix)
    if moment.after_progress:
        eventually(lambda: reached(lambda _: newest(cloud, prefix) > before), WAIT_SECONDS)
    time.sleep(moment.seconds)


def interrupt(cloud: Cloud, name: str, before: int, *, abrupt: bool) -> bool:
    """Interrupts a job interrupted `before` times already. Returns whether it had not ended."""
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
    """The step of the newest checkpoint in the bucket; 0 if there is none."""
    return max((step_of(key) for key in cloud.keys(prefix)), default=0)


def step_of(key: str) -> int:
    return int(key.split("step-")[1][:9])


def run_to_the_end(cloud: Cloud, name: str) -> bytes:
    """The model of a job, once it has completed."""
    job = eventually(lambda: finished(cloud, name), WAIT_SECONDS)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return cloud.get(f"output/{name}/output/model.tar.gz")


def model(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as file:
        members = [(member, file.extractfile(member)) for member in file if member.isfile()]
        found = {member.name: content.read() for member, content in members if content}
    assert sorted(found) == ["model.json", "model.npz"]
    return found


def attempts_of(cloud: Cloud, name: str, prefix: str) -> list[Attempt]:
    """A job's attempts, each of which began with the status Starting."""
    rows = cloud.describe(name)["SecondaryStatusTransitions"]
    begins = [
        row["StartTime"].timestamp() - BEFORE_SECONDS for row in rows if row["Status"] == "Starting"
    ]
    lines: list[list[re.Match[str]]] = [[] for _ in begins]
    for seconds, line in lines_of(cloud, name):
        lines[bisect(begins, seconds) - 1].append(line)
    uploads = uploads_of(cloud, prefix)
    return [
        Attempt(
            kept=max((step for seconds, step in uploads if seconds <= begin), default=0),
            start=next((int(line["start"]) for line in found if line["start"]), None),
            steps=[int(line["step"]) for line in found if line["step"]],
            stop=next((int(line["stop"]) for line in found if line["stop"]), None),
        )
        for begin, found in zip(begins, lines, strict=True)
    ]


def lines_of(cloud: Cloud, name: str) -> list[tuple[float, re.Match[str]]]:
    """The lines about steps, with their times."""
    return [
        (event["timestamp"] / 1000, match)
        for stream in cloud.streams(name)
        for event in cloud.logs.get_log_events(
            logGroupName=GROUP, logStreamName=stream, startFromHead=True
        )["events"]
        if (match := LINE.search(event["message"]))
    ]


def uploads_of(cloud: Cloud, prefix: str) -> list[tuple[float, int]]:
    """When checkpoints were uploaded, and of which steps, those among them that went."""
    pages = cloud.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix)
    return [
        (version["LastModified"].timestamp(), step_of(version["Key"]))
        for page in pages
        for version in page.get("Versions", [])
    ]


DEBUGGING = re.findall(
    r"```\n(.*?)```",
    (CHECKOUT / "docs/local-cloud.md").read_text().partition("\n## Debug a job\n")[2],
    re.DOTALL,
)
"""The commands of the page on the local cloud that debug a job, in their order."""


def shell(commands: str, folder: Path) -> str:
    """What a shell prints that gets the commands line by line, as a person types them."""
    done = subprocess.run(
        ["bash", "-s"],
        input=commands,
        cwd=folder,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout


@pytest.mark.runs("docs/local-cloud.md#Debug a job")
def test_a_script_runs_in_a_debugger_without_a_job_as_the_page_says(tmp_path: Path):
    page = (CHECKOUT / "docs" / "first-job.md").read_text()
    code, data = tmp_path / "first-job" / "code", tmp_path / "first-job" / "data"
    code.mkdir(parents=True)
    data.mkdir()
    [script] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (code / "train.py").write_text(script.replace("points.txt", "points.csv"))
    (data / "points.csv").write_text("0,1\n1,4\n2,7\n")
    (tmp_path / "components").symlink_to(CHECKOUT / "components")
    (tmp_path / ".venv").symlink_to(CHECKOUT / ".venv")
    assert "step=20 loss=" in shell(DEBUGGING[0], tmp_path)
    assert (tmp_path / ".local" / "debug" / "model" / "line.json").exists()


def test_an_isolated_job_is_looked_into_and_entered_as_the_page_says(cloud: Cloud, tmp_path: Path):
    request = cloud.request(LISTEN)
    name = request["TrainingJobName"]
    request["AlgorithmSpecification"]["ContainerArguments"] = [name]
    cloud.sagemaker.create_training_job(**request)
    cloud.wait_for_line(name, "running")
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "cloud").symlink_to(cloud.data)
    commands = DEBUGGING[1].replace("<training_job_name>", name)
    commands = commands.replace("<script>", f"'main.py {name}'")
    folders, inside = shell(f"{commands}hostname; ls /opt/ml", tmp_path).split("algo-1\n")
    assert "checkpoints\n" in folders
    assert "checkpoints\n" in inside
    assert cloud.stop(name)["TrainingJobStatus"] == "Stopped"
