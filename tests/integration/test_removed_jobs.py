"""Jobs that leave the settings, and return to them, on the real engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import TIMEOUT_SECONDS, Operation, Stack
from tests.integration.settings import FOREVER, counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
LINEAGES = "pulumi-python:dynamic/sagemaker:TrainingJobLineages"


@pytest.fixture
def running(new_stack: NewStack) -> Stack:
    """A stack whose jobs `stays` and `leaves` train for ever."""
    stack = new_stack(stack_with(stays=counting_job(FOREVER), leaves=counting_job(FOREVER)))
    stack.up().succeeded()
    for job in ("stays", "leaves"):
        stack.wait_for_job(job, lambda each: each["SecondaryStatus"] == "Training")
    return stack


def test_a_removed_job_is_stopped_before_another_is_waited_for_and_goes_on_when_it_returns(
    running: Stack,
) -> None:
    removed = running.settings["jobs"].pop("leaves")
    running.settings["waitForCompletion"] = True
    with running.start("up", "--yes", "--skip-preview") as update:
        wait_until_stopped(running, "leaves", update)
        assert status(running, "stays") == ["InProgress"]
        assert update.process.poll() is None  # it waits for the job that stays
        stop(running, "stays")
        errors = " ".join(update.wait().failed().errors)
    assert "-stays-" in errors
    assert urn_of(running, TRAINING_JOB, "leaves")  # the engine never came to its deletes

    running.settings |= {"waitForCompletion": False}
    running.settings["jobs"]["leaves"] = removed
    running.up().succeeded()
    assert status(running, "leaves") == ["InProgress", "Stopped"]
    assert status(running, "stays") == ["Stopped"]
    assert running.up().succeeded().changes == {}


def test_what_a_targeted_update_leaves_out_is_stopped_by_the_next_whole_one(
    running: Stack,
) -> None:
    removed = running.settings["jobs"].pop("leaves")
    running.up("--target", urn_of(running, TRAINING_JOB, "stays")).succeeded()
    assert status(running, "leaves") == ["InProgress"]

    # The engine refuses to delete what is no target, once all updates are done.
    refused = running.up("--target", urn_of(running, LINEAGES)).failed()
    assert "was not specified in --target list" in refused.text
    assert status(running, "leaves") == ["Stopped"]
    assert urn_of(running, TRAINING_JOB, "leaves")

    running.settings["jobs"]["leaves"] = removed
    running.up("--target", urn_of(running, TRAINING_JOB, "leaves")).succeeded()
    assert status(running, "leaves") == ["InProgress", "Stopped"]

    running.settings["jobs"].pop("leaves")
    running.up().succeeded()
    assert status(running, "leaves") == ["Stopped", "Stopped"]
    assert status(running, "stays") == ["InProgress"]


@pytest.mark.deep
def test_a_removed_job_is_stopped_though_the_launch_of_another_is_refused(running: Stack) -> None:
    running.settings["jobs"].pop("leaves")
    running.settings["jobs"]["refused"] = counting_job(instanceCount=101)
    assert "-refused-" in " ".join(running.up().failed().errors)
    assert status(running, "leaves") == ["Stopped"]
    assert status(running, "refused") == []
    assert status(running, "stays") == ["InProgress"]


def test_the_jobs_of_a_renamed_team_are_stopped_before_those_of_the_new_name_are_waited_for(
    running: Stack,
) -> None:
    before = {job: running.lineage(job) for job in ("stays", "leaves")}
    names = [running.jobs(job)[0]["TrainingJobName"] for job in before]
    team = running.settings["team"]
    running.settings |= {"team": f"{team}x", "waitForCompletion": True}
    running.settings["jobs"] = {"stays": counting_job(FOREVER)}
    with running.start("up", "--yes", "--skip-preview") as update:
        running.wait_for_job("stays", lambda each: each["SecondaryStatus"] == "Training")
        sagemaker = running.client("sagemaker")
        found = [sagemaker.describe_training_job(TrainingJobName=name) for name in names]
        assert [job["TrainingJobStatus"] for job in found] == ["Stopped", "Stopped"]
        assert update.process.poll() is None
        stop(running, "stays")
        update.wait().failed()


def status(stack: Stack, job: str) -> list[str]:
    """The statuses of a job's runs, the newest first."""
    return [each["TrainingJobStatus"] for each in stack.jobs(job)]


def stop(stack: Stack, job: str) -> None:
    """Stops a job, as a person does in the console."""
    name = stack.jobs(job)[0]["TrainingJobName"]
    stack.client("sagemaker").stop_training_job(TrainingJobName=name)


def wait_until_stopped(
    stack: Stack, job: str, update: Operation, seconds: float = TIMEOUT_SECONDS
) -> None:
    """Waits for the end of a job while an update goes on."""
    until = time.monotonic() + seconds
    while status(stack, job) != ["Stopped"]:
        assert update.process.poll() is None, update.wait().text
        assert time.monotonic() < until, f"{job} still runs"
        time.sleep(0.2)


def urn_of(stack: Stack, type_: str, job: str = "") -> str:
    """The URN of the only resource of a type whose name ends in a job's."""
    found = [each["urn"] for each in stack.resources() if each["type"] == type_]
    [urn] = [each for each in found if each.endswith(job)]
    return str(urn)
