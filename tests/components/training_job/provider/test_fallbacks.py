"""What a relaunch runs on in place of the first choice."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import CrashError, FakeAws
from tests.components.training_job.providers import checked, launch, provider_over

Inputs = Callable[..., dict[str, Any]]

ON_FAILURE = {
    "relaunch": "onFailure",
    "maxAttempts": 4,
    "fallbacks": [
        {"instanceType": "ml.c5.xlarge"},
        {"instanceType": "ml.g5.4xlarge", "instanceCount": 3, "spot": False},
    ],
}


def relaunched(
    provider: TrainingJobProvider, aws: FakeAws, state: dict[str, Any], inputs: Any
) -> dict[str, Any]:
    """The state after a job fails, is refreshed, and is replaced by the next update."""
    aws.set_status(state["training_job_name"], "Stopped", "MaxWaitTimeExceeded")
    state = provider.read(state["training_job_name"], state).outs or {}
    assert provider.diff("", state, checked(provider, inputs)).replaces
    provider.delete("", state)
    return launch(provider, inputs)


def capacity(aws: FakeAws, state: dict[str, Any]) -> tuple[int, str, bool]:
    """The number and the type of a job's instances, and whether it runs on spot capacity."""
    job = aws.jobs[state["training_job_name"]]
    instances = job["ResourceConfig"]
    return (
        instances["InstanceCount"],
        instances["InstanceType"],
        job["EnableManagedSpotTraining"],
    )


def test_each_relaunch_uses_the_next_fallback_and_the_last_one_serves_the_rest(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(ON_FAILURE))
    seen = [capacity(aws, state)]
    for _ in range(3):
        state = relaunched(provider, aws, state, job_inputs(ON_FAILURE))
        seen.append(capacity(aws, state))
    assert seen == [
        (1, "ml.g5.2xlarge", True),
        (1, "ml.c5.xlarge", True),
        (3, "ml.g5.4xlarge", False),
        (3, "ml.g5.4xlarge", False),
    ]
    assert state["tries"] == 4


def test_a_preview_says_what_the_next_try_will_run_on(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = launch(provider, job_inputs(ON_FAILURE))
    name = state["training_job_name"]
    aws.set_status(name, "Stopped", "MaxWaitTimeExceeded")
    state = provider.read(name, state).outs or {}
    news = checked(provider, job_inputs(ON_FAILURE))
    capsys.readouterr()
    provider.diff("", state, news)
    printed = capsys.readouterr().out
    assert printed == (
        f"{name} ended as out of wait: try 2 of 4 runs on 1 × ml.c5.xlarge, on spot capacity\n"
        f"{name}: has no checkpoint in {state['checkpoint_uri']} yet, so it begins again on "
        "1 × ml.c5.xlarge, on spot capacity\n"
    )
    another = checked(provider, job_inputs({**ON_FAILURE, "runId": "b"}))
    assert provider.diff("", state, another).replaces
    assert capsys.readouterr().out == ""


def test_a_fallback_is_the_same_definition_in_the_same_lineage(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    first = launch(provider, job_inputs(ON_FAILURE))
    second = relaunched(provider, aws, first, job_inputs(ON_FAILURE))
    assert second["definition_hash"] == first["definition_hash"]
    assert second["checkpoint_uri"] == first["checkpoint_uri"]
    assert second["training_job_name"] == f"{first['training_job_name'][:-2]}-2"
    assert provider.diff("", second, checked(provider, job_inputs(ON_FAILURE))).changes is False
    running = aws.jobs[second["training_job_name"]]
    assert "VolumeKmsKeyId" in running["ResourceConfig"]  # the first choice has local disks


def test_a_pause_or_another_definition_begins_with_the_first_choice_again(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(ON_FAILURE))
    state = relaunched(provider, aws, state, job_inputs(ON_FAILURE))
    paused = checked(provider, job_inputs({**ON_FAILURE, "paused": True}))
    state = provider.update("", state, paused).outs or {}
    provider.delete("", state)
    state = launch(provider, job_inputs(ON_FAILURE))
    assert capacity(aws, state) == (1, "ml.g5.2xlarge", True)
    assert state["tries"] == 1


def test_other_fallbacks_are_recorded_and_launch_nothing(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(ON_FAILURE))
    news = checked(provider, job_inputs({**ON_FAILURE, "fallbacks": []}))
    assert "fallbacks" not in news
    diff = provider.diff("", state, news)
    assert (diff.changes, diff.replaces) == (True, [])
    state = provider.update("", state, news).outs or {}
    assert "fallbacks" not in state
    assert provider.diff("", state, news).changes is False
    assert aws.calls.count("CreateTrainingJob") == 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_call_of_a_relaunch_leaves_one_job_on_the_right_fallback(
    job_inputs: Inputs, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for point in itertools.count(1):
        aws = FakeAws()
        provider = provider_over(aws)
        first = launch(provider, job_inputs(ON_FAILURE))
        aws.set_status(first["training_job_name"], "Failed", reason="CapacityError: none")
        provider.delete("", first)
        aws.crash_at = (len(aws.calls) + point, moment)
        try:
            launch(provider, job_inputs(ON_FAILURE))
        except CrashError:
            crashed = True
        else:
            crashed = False
        aws.crash_at = None
        state = launch(provider_over(aws), job_inputs(ON_FAILURE))
        assert aws.live() == [state["training_job_name"]]
        assert capacity(aws, state) == (1, "ml.c5.xlarge", True)
        assert state["tries"] == 2
        if not crashed:
            break
    assert point > 2


def test_the_dearest_fallback_is_the_ceiling_and_the_first_choice_is_expected(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    inputs = checked(provider, job_inputs(ON_FAILURE))
    without_fallbacks = checked(provider, job_inputs({**ON_FAILURE, "fallbacks": []}))
    assert inputs["cost_ceiling_usd"] > without_fallbacks["cost_ceiling_usd"]
    assert inputs["expected_cost_usd"] == without_fallbacks["expected_cost_usd"]


def test_a_fallback_that_the_api_refuses_is_reported(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    inputs = job_inputs(ON_FAILURE)
    inputs["fallbacks"][0]["StoppingCondition"]["MaxRuntimeInSeconds"] = 0
    (failure,) = provider.check({}, inputs).failures
    assert "MaxRuntimeInSeconds" in failure.property
