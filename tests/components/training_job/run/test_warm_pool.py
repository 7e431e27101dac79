"""How long instances are kept after a job: changed in place, never by another job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.provider import TrainingJobProvider
from tests.components.training_job.fake_sagemaker import (
    FakeSageMaker,
    checked,
    client_error,
    launch,
)

Inputs = Callable[..., dict[str, Any]]


KEPT = {"spot": False, "keepAlive": "30m"}


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
@pytest.mark.parametrize("wanted", ["1h", None])
def test_another_keep_alive_reaches_the_job_or_its_pool_and_launches_nothing(
    provider: TrainingJobProvider,
    sagemaker: FakeSageMaker,
    job_inputs: Inputs,
    status: str,
    wanted: str | None,
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    if status == "Completed":
        sagemaker.end(name, "Completed")
        sagemaker.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}
    news = checked(provider, job_inputs({**KEPT, "keepAlive": wanted}))
    assert provider.diff("", state, news).replaces == []
    state = provider.update("", state, news).outs or {}
    kept = sagemaker.jobs[name]["ResourceConfig"]["KeepAlivePeriodInSeconds"]
    assert kept == (3600 if wanted else 0)
    assert provider.diff("", state, news).changes is False
    assert sagemaker.calls.count("CreateTrainingJob") == 1


def test_a_keep_alive_that_the_service_refuses_of_a_running_job_is_asked_for_again(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    sagemaker.refusals = [client_error("ValidationException", "not while it runs")]
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is True
    assert provider.diff("", state, news).replaces == []
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is False


def test_a_pool_that_ends_before_it_can_be_changed_is_no_error(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    sagemaker.end(name, "Completed")
    sagemaker.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    sagemaker.refusals = [client_error("ValidationException", "no warm pool in status Available")]
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is False


def test_the_keep_alive_of_a_job_that_left_no_pool_is_recorded_alone(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    sagemaker.end(state["training_job_name"], "Completed")
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    state = provider.update("", state, news).outs or {}
    assert "UpdateTrainingJob" not in sagemaker.calls
    assert provider.diff("", state, news).changes is False


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({"hyperparameters": {"epochs": 2}}, True),
        ({"instanceType": "ml.p3.2xlarge"}, False),
        ({"runId": "b", "keepAlive": None}, False),
        ({"runId": "b", "spot": True, "keepAlive": None}, False),
    ],
)
def test_a_job_that_replaces_another_takes_over_its_warm_pool_where_the_service_would_match_it(
    provider: TrainingJobProvider,
    sagemaker: FakeSageMaker,
    job_inputs: Inputs,
    changed: dict[str, Any],
    kept: bool,
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    news = checked(provider, job_inputs({**KEPT, **changed}))
    assert provider.diff("", state, news).replaces
    provider.delete("", state)
    pool = sagemaker.jobs[name]["WarmPoolStatus"]["Status"]
    assert pool == ("Available" if kept else "Terminated")


def test_a_destroyed_job_gives_its_warm_pool_back(
    provider: TrainingJobProvider, sagemaker: FakeSageMaker, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    provider.delete("", state)
    job = sagemaker.jobs[state["training_job_name"]]
    assert job["WarmPoolStatus"]["Status"] == "Terminated"
