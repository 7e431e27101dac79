"""A crash of the provider at each call that it makes; records that are being deleted."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_tags import RELEASED_TAG
from tests.components.fake_aws import CrashError, FakeAws
from tests.components.training_job.providers import checked, launch, provider_over

Inputs = Callable[..., dict[str, Any]]


def crashed_launch(inputs: Inputs, point: int, moment: str, age: timedelta) -> tuple[FakeAws, bool]:
    """An account after a launch over a live job of another definition; whether it crashed.

    The live job has this age. The launch crashes at one call, unless it has fewer.
    """
    aws = FakeAws()
    provider = provider_over(aws)
    aws.now -= age
    launch(provider, inputs({"hyperparameters": {"epochs": 1}}))
    aws.now += age
    aws.crash_at = (len(aws.calls) + point, moment)
    try:
        launch(provider, inputs({"hyperparameters": {"epochs": 2}}))
    except CrashError:
        return aws, True
    return aws, False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "age", [timedelta(seconds=1), timedelta(hours=3)], ids=["only listed", "only searched"]
)
@pytest.mark.usefixtures("aws")
def test_a_crash_at_any_call_of_a_launch_leaves_one_job(
    job_inputs: Inputs, moment: str, age: timedelta, report: Callable[[str], None]
) -> None:
    for point in itertools.count(1):
        aws, crashed = crashed_launch(job_inputs, point, moment, age)
        if not crashed:
            break
        aws.crash_at = None
        state = launch(provider_over(aws), job_inputs({"hyperparameters": {"epochs": 2}}))
        assert aws.live() == [state["training_job_name"]]
        assert state["training_job_name"].endswith("-1")
    report(f"Crashes, launch over AWS in memory: {point - 1} points {moment} the effect")
    assert point > 8


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_of_a_delete_is_followed_by_an_end(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, moment: str
) -> None:
    for point in range(1, 5):
        state = launch(provider, job_inputs())
        aws.crash_at = (len(aws.calls) + point, moment)
        with pytest.raises(CrashError):
            provider.delete(state["training_job_name"], state)
        aws.crash_at = None
        provider.delete(state["training_job_name"], state)
        assert aws.live() == []
        assert RELEASED_TAG in aws.tags[state["training_job_arn"]]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_job_that_returns_after_a_crash_of_its_delete_runs_once(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, moment: str
) -> None:
    for point in range(1, 6):
        state = launch(provider, job_inputs())
        aws.crash_at = (len(aws.calls) + point, moment)
        with pytest.raises(CrashError):
            provider.delete(state["training_job_name"], state)
        aws.crash_at = None
        if provider.diff("", state, checked(provider, job_inputs())).replaces:
            provider.delete(state["training_job_name"], state)
            state = launch(provider, job_inputs())
        assert aws.live() == [state["training_job_name"]]
        provider.delete(state["training_job_name"], state)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_record_that_is_being_deleted_is_neither_adopted_nor_waited_for(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, epochs: int
) -> None:
    before = launch(provider, job_inputs({"hyperparameters": {"epochs": 1}}))["training_job_name"]
    aws.set_status(before, "Deleting")
    state = launch(provider, job_inputs({"hyperparameters": {"epochs": epochs}}))
    assert state["training_job_name"] != before
    assert aws.live() == [state["training_job_name"]]
    assert "StopTrainingJob" not in aws.calls
