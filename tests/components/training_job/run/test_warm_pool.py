"""How long instances are kept after a job: it is changed in place, never by another job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.providers import checked, launch

Inputs = Callable[..., dict[str, Any]]


KEPT = {"spot": False, "keepAlive": "30m"}


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
@pytest.mark.parametrize("wanted", ["1h", None])
def test_another_keep_alive_reaches_the_job_or_its_pool_and_launches_nothing(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    status: str,
    wanted: str | None,
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    if status == "Completed":
        aws.set_status(name, "Completed")
        aws.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}
    news = checked(provider, job_inputs({**KEPT, "keepAlive": wanted}))
    assert provider.diff("", state, news).replaces == []
    state = provider.update("", state, news).outs or {}
    kept = aws.jobs[name]["ResourceConfig"]["KeepAlivePeriodInSeconds"]
    assert kept == (3600 if wanted else 0)
    assert provider.diff("", state, news).changes is False
    assert aws.calls.count("CreateTrainingJob") == 1


def test_a_keep_alive_that_the_service_refuses_of_a_running_job_is_asked_for_again(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    aws.refuse("UpdateTrainingJob", "ValidationException", "not while it runs", times=1)
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is True
    assert provider.diff("", state, news).replaces == []
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is False


def test_a_pool_that_ends_before_it_can_be_changed_is_no_error(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    aws.set_status(name, "Completed")
    aws.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    no_pool = "no warm pool in status Available"
    aws.refuse("UpdateTrainingJob", "ValidationException", no_pool)
    state = provider.update("", state, news).outs or {}
    assert provider.diff("", state, news).changes is False


def test_the_keep_alive_of_a_job_that_left_no_pool_is_only_recorded(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    aws.set_status(state["training_job_name"], "Completed")
    news = checked(provider, job_inputs({**KEPT, "keepAlive": "1h"}))
    state = provider.update("", state, news).outs or {}
    assert "UpdateTrainingJob" not in aws.calls
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
    aws: FakeAws,
    job_inputs: Inputs,
    changed: dict[str, Any],
    kept: bool,
) -> None:
    state = launch(provider, job_inputs(KEPT))
    name = state["training_job_name"]
    news = checked(provider, job_inputs({**KEPT, **changed}))
    assert provider.diff("", state, news).replaces
    provider.delete("", state)
    pool = aws.jobs[name]["WarmPoolStatus"]["Status"]
    assert pool == ("Available" if kept else "Terminated")


def test_a_destroyed_job_gives_its_warm_pool_back(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(KEPT))
    provider.delete("", state)
    job = aws.jobs[state["training_job_name"]]
    assert job["WarmPoolStatus"]["Status"] == "Terminated"
