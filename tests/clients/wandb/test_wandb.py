"""The client of W&B, unmodified, shows a lineage that really ran on a stand-in for its server."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.server import daemon
from tests.clients.tracked_lineage import (
    LINEAGE,
    STEPS,
    SYNC_SECONDS,
    Reader,
    launch,
    wait_for_step,
)
from tests.clients.wandb.stand_in import KEY, Run, StandIn, stand_in
from tests.localcloud.cloud import FAST, Cloud
from tests.localcloud.spot import interrupt

pytestmark = pytest.mark.clients


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as server:
        yield server


@pytest.fixture
def reader(tmp_path: Path, server: StandIn) -> Iterator[Reader]:
    """The reader, on a local cloud of its own."""
    data = tmp_path / "cloud"
    cloud = Cloud(daemon.start(data, *FAST), data)
    variables = {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY, "HOME": str(tmp_path)}
    yield Reader("wandb", cloud, tmp_path, variables)
    daemon.stop(data)


def sync_killed_in(reader: Reader, server: StandIn, call: str, number: int, *, done: bool) -> None:
    """A synchronization that is killed in a call, which has its effect or not."""
    victims: list[subprocess.Popen[str]] = []
    seen: list[str] = []

    def survives(name: str) -> bool:
        seen.extend([name] if name == call else [])
        killed = len(seen) == number
        if killed:
            victims[0].kill()
        return not killed

    when = "answers" if done else "takes"
    setattr(server, when, survives)
    victims.append(reader.start("wandb://research", "often"))
    output, _ = victims[0].communicate(timeout=SYNC_SECONDS)
    assert victims[0].returncode == -9, output
    setattr(server, when, lambda _call: True)


def sync(reader: Reader, project: str) -> str:
    return reader.sync(f"wandb://research/{project}", "of no account")


def curve(run: Run, metric: str) -> list[tuple[int, float, float]]:
    """Step, time and value of each point of a metric, in the order of the rows."""
    rows = (row for row in run.history if metric in row)
    return [(row["step"], row["_timestamp"], row[metric]) for row in rows]


def content(run: Run) -> Any:
    """What people see of a run, without what depends on how often it was written."""
    numbers = ("rows", "replaces")
    own = run.config["sagemaker"]["value"].items()
    config = {key: value for key, value in run.config.items() if key not in ("_wandb", "sagemaker")}
    said = {key: value for key, value in own if key not in numbers}
    curves = {metric: sorted(curve(run, metric)) for metric in ("loss", "speed")}
    return (run.name, run.state, run.group, run.job_type, run.notes, config, said, curves)


def shown(server: StandIn, project: str) -> list[Run]:
    return sorted(server.runs(project), key=lambda run: (run.name, run.id))


def test_a_lineage_with_an_interruption_a_pause_and_a_failure_is_one_curve_and_three_attempts(
    reader: Reader, server: StandIn
):
    cloud = reader.cloud
    first = launch(cloud, 1)
    wait_for_step(cloud, first, 15)
    sync_killed_in(reader, server, "FileStream", 1, done=False)  # a run without its points
    assert "1 job, 30 points, RUNNING" in sync(reader, "often")
    interrupt(cloud, first, "--abrupt")
    wait_for_step(cloud, first, 25)
    [before] = (run for run in server.runs("often") if run.job_type == "lineage")
    for call, number, done in (
        ("UpsertBucket", 1, True),
        ("FileStream", 1, False),
        ("FileStream", 2, True),
        ("DeleteRun", 1, False),
        ("DeleteRun", 2, True),
    ):  # while the run is made again
        sync_killed_in(reader, server, call, number, done=done)
    assert cloud.stop(first)["TrainingJobStatus"] == "Stopped"
    sync(reader, "often")
    assert before.is_deleted
    second = launch(cloud, 2, fail_at="45")
    assert cloud.ended(second)["TrainingJobStatus"] == "Failed"
    third = launch(cloud, 3)
    wait_for_step(cloud, third, 50)
    assert cloud.ended(third)["TrainingJobStatus"] == "Completed"

    for project in ("often", "once"):
        sync(reader, project)
    asked = len(server.asked)
    assert f"{LINEAGE}: 3 jobs, 120 points, FINISHED" in sync(reader, "often")
    assert {"UpsertBucket", "FileStream", "DeleteRun"}.isdisjoint(server.asked[asked:])
    assert [content(run) for run in shown(server, "often")] == [
        content(run) for run in shown(server, "once")
    ]

    lineage, *attempts = shown(server, "often")
    loss = curve(lineage, "loss")
    assert [(step, value) for step, _, value in loss] == [
        (step, 1 / step) for step in range(1, STEPS + 1)
    ]
    assert [time for _, time, _ in loss] == sorted(time for _, time, _ in loss)
    assert [step for step, _, _ in curve(lineage, "speed")] == [*range(1, STEPS + 1)]
    defined = lineage.config["_wandb"]["value"]["m"]  # 1 is a name, 5 the number of its x-axis
    by_name = {each["1"]: each for each in defined}
    assert {name: defined[by_name[name]["5"] - 1]["1"] for name in ("loss", "speed")} == {
        "loss": "step",
        "speed": "step",
    }
    assert [run.name for run in attempts] == [first, second, third]
    assert [run.state for run in attempts] == ["failed", "failed", "finished"]
    said = [run.config["sagemaker"]["value"] for run in attempts]
    assert [each["status"] for each in said] == ["KILLED", "FAILED", "FINISHED"]
    assert [each["interruptions"] for each in said] == [1, 0, 0]
    assert [each["outcome"] for each in said] == ["stopped", "script error", "completed"]
    assert [run.config["fail_at"]["value"] for run in attempts] == [0, 45, 0]
    assert {run.group for run in (lineage, *attempts)} == {LINEAGE}
    begun = [step for step, _, _ in curve(attempts[0], "loss")]
    assert len(begun) > len(set(begun))  # it did some steps twice
    assert server.keys == {KEY}


def test_a_server_that_refuses_the_key_or_is_not_there_is_said_with_a_remedy(
    reader: Reader, server: StandIn
):
    server.keys_taken = set()
    process = reader.start("wandb://research", "digits")
    output, _ = process.communicate(timeout=SYNC_SECONDS)
    assert process.returncode == 1
    assert "Weights & Biases at research/digits can't be used" in output
    assert "Set WANDB_API_KEY or run `wandb login`" in output
    assert "Traceback" not in output
    assert KEY not in output
