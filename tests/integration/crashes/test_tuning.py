"""After a crash at any call that changes something, a tuning job is there once, with its trials."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

import pytest

from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.run.run_record import RUN_RECORD
from components.training_job.tuning.attempts import succeeded_in
from tests.integration.crashes.scene import LIVE, Scene
from tests.integration.crashes.strikes import READS, Point
from tests.integration.crashes.test_crashes import DESTROY, UP, scene
from tests.integration.engine import TIMEOUT_SECONDS

pytestmark = [pytest.mark.integration, pytest.mark.deep]

__all__ = ["scene"]  # the fixture

PREFIX, MOST = "t0123456-job-", 500
SCRIPT = """
import os, time
if "-001-" in os.environ["TRAINING_JOB_NAME"]:
    print("loss=0.5", flush=True)
else:
    time.sleep(4)
"""
"""Of each tuning job, the first trial has an objective, and the next ones work for a while.

The training toolkit passes no signal on, so that stopping a trial lasts until its end, or two
minutes.
"""
JOB: dict[str, Any] = {
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
    "source": {"dir": ".", "entryPoint": "trial.py"},
    "instanceType": "ml.m5.large",
    "maxRuntime": "1h",
    "metrics": {"loss": "loss=([0-9.]+)"},
    "tuning": {
        "objective": {"minimize": "loss"},
        "ranges": {"rate": {"from": 0.1, "to": 1}},
        "strategy": "random",
        "maxTrials": MOST,
    },
}


@pytest.mark.parametrize("scene", ["engine", "host"], indirect=True)
def test_a_tuning_job_survives_a_crash_at_every_call_that_changes_something(
    scene: Scene, report: Callable[[str], None]
) -> None:
    begin(scene)
    steps = (created, paused, resumed, destroyed)
    plans = [step(scene, None) for step in steps]
    for points in zip_longest(*plans):
        for step, point in zip(steps, points, strict=True):
            step(scene, point)
    report(
        f"Crashes, creation, pause, resume and destruction of a tuning job: {scene.points} points "
        f"at which the {scene.victim} died, {len(tunings(scene))} tuning jobs, and no trial lost"
    )


def begin(scene: Scene) -> None:
    """Gives the stack a job that is tuned, with a script in its code channel."""
    scene.stack.client("s3").put_object(
        Bucket="artifacts", Key="code/launcher.py", Body=SCRIPT.encode()
    )
    scene.stack.settings |= {
        "job": JOB,
        "code": "s3://artifacts/code/",
        "tuningPrefix": PREFIX,
    }


def created(scene: Scene, point: Point | None) -> list[Point]:
    return launched(scene, point)


def paused(scene: Scene, point: Point | None) -> list[Point]:
    """Pauses the tuning job when one trial has ended and another one runs."""
    before = tunings(scene)
    wait_until(scene, lambda each: succeeded_in(each) == 1 and running_in(each) == 1)
    scene.set(paused=True)
    points = done(scene, point, UP)
    assert len(tunings(scene)) == len(before)
    assert live(scene) == []
    [state] = states(scene)
    assert state["tuning_job_name"] == TUNING_JOB.name_of(before[-1])
    assert state["counters"]["objective_succeeded"] == 1
    assert state["trials_uri"]
    return points


def resumed(scene: Scene, point: Point | None) -> list[Point]:
    """Goes on with what all trials that ended have shown."""
    scene.set(paused=False)
    return launched(scene, point)


def destroyed(scene: Scene, point: Point | None) -> list[Point]:
    before = tunings(scene)
    points = done(scene, point, DESTROY)
    assert live(scene) == []
    assert scene.stack.resources() == []
    assert len(tunings(scene)) == len(before)
    return points


def launched(scene: Scene, point: Point | None) -> list[Point]:
    """Launches the next tuning job; it is launched once, and knows the trials that ended."""
    before = tunings(scene)
    points = done(scene, point, UP)
    after = tunings(scene)
    assert len(after) == len(before) + 1
    [name] = live(scene)
    assert [each["tuning_job_name"] for each in states(scene)] == [name]
    assert has_run_record(scene, name)
    limits = after[-1]["HyperParameterTuningJobConfig"]["ResourceLimits"]
    ended = [succeeded_in(each) for each in before if succeeded_in(each)]
    assert limits["MaxNumberOfTrainingJobs"] == MOST - sum(ended)
    parents = after[-1].get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    assert len(parents) == min(len(ended), 5)
    return points


def done(scene: Scene, point: Point | None, command: tuple[str, ...]) -> list[Point]:
    """Runs a command, and strikes at the point; without one, returns those that there are.

    They are the calls that change something. Crashes at the reads between them leave nothing else
    behind, and are tried in memory, in tests/components.
    """
    if point is not None:
        scene.crash(point, *command)
        return []
    points = scene.points_of(*command)
    # For an engine that dies, it is the same whether an answer is lost or has arrived.
    left_out = "unread" if scene.victim == "engine" else ""
    changes = [each for each in points if not scene.way.calls[each.call].startswith(READS)]
    return [
        Point(scene.way.calls[: each.call].count(operation), each.moment, operation)
        for each in changes
        if (operation := scene.way.calls[each.call]) and each.moment != left_out
    ]


def tunings(scene: Scene) -> list[dict[str, Any]]:
    """The descriptions of the tuning jobs, the oldest first."""
    sagemaker = scene.stack.client("sagemaker")
    pages = sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(
        NameContains=PREFIX, SortBy="CreationTime", SortOrder="Ascending"
    )
    names = (
        each["HyperParameterTuningJobName"]
        for page in pages
        for each in page["HyperParameterTuningJobSummaries"]
    )
    return [TUNING_JOB.describe(sagemaker, name) or {} for name in names]


def live(scene: Scene) -> list[str]:
    """The names of the tuning jobs that have not ended."""
    ended = (each for each in tunings(scene) if TUNING_JOB.status_of(each) in LIVE)
    return [TUNING_JOB.name_of(each) for each in ended]


def states(scene: Scene) -> list[dict[str, Any]]:
    """The outputs of the tuning jobs in the state."""
    resources = scene.stack.resources()
    return [each["outputs"] for each in resources if each["type"].endswith("sagemaker:TuningJob")]


def running_in(description: dict[str, Any]) -> int:
    return int(description["TrainingJobStatusCounters"]["InProgress"])


def has_run_record(scene: Scene, name: str) -> bool:
    key = f"output/{scene.stack.settings['lineage']}/{name}/{RUN_RECORD}"
    listed = scene.stack.client("s3").list_objects_v2(Bucket="artifacts", Prefix=key)
    return bool(listed["KeyCount"])


def wait_until(
    scene: Scene, condition: Callable[[dict[str, Any]], bool], seconds: float = TIMEOUT_SECONDS
) -> None:
    """Waits until the newest tuning job meets a condition."""
    until = time.monotonic() + seconds
    while not condition(tunings(scene)[-1]):
        assert time.monotonic() < until
        time.sleep(0.2)
