"""What is asked of AWS is what will be launched: of a retry, its own fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_job.preflight.preflight import Preflight
from components.training_job.preflight.quotas import instances_of
from components.training_job.request.training_request import fallback_requests, training_request
from components.training_job.run.ending import let_go
from components.training_job.run.launch import Launch, launch_once
from components.training_job.settings.job_settings import JobSettings
from tests.components.training_job.any_job import jobs
from tests.components.training_job.conftest import PLACEMENT, SPOT
from tests.components.training_job.fake_account import FakeAccount
from tests.components.training_job.fake_sagemaker import FakeSageMaker, client_error

Inputs = Callable[..., dict[str, Any]]

OTHER = "ml.c5.xlarge for spot training job usage"
ON_DEMAND = "ml.g5.4xlarge for training job usage"
PATIENT = {
    "relaunch": "onFailure",
    "maxAttempts": 3,
    "fallbacks": [
        {"instanceType": "ml.c5.xlarge"},
        {"instanceType": "ml.g5.4xlarge", "spot": False},
    ],
}


@pytest.fixture
def inputs(job_inputs: Inputs) -> dict[str, Any]:
    return job_inputs(PATIENT, definition_hash="0123abcd")


def fail(sagemaker: FakeSageMaker, inputs: dict[str, Any], times: int = 1) -> None:
    """Let a job be launched and fail so often."""
    for _ in range(times):
        description = launch_once(sagemaker, launch_of(inputs)).description
        sagemaker.end(description["TrainingJobName"], "Failed", reason="CapacityError: none")
        let_go(sagemaker, description, "deleted")


def launch_of(inputs: dict[str, Any]) -> Launch:
    words = ("lineage", "owner", "definition_hash", "request", "fallbacks")
    return Launch(**{key: inputs[key] for key in words})


def told(account: FakeAccount, inputs: dict[str, Any]) -> list[str]:
    """The paths of what is against a launch, as a new operation of the engine sees it."""
    preflight = Preflight(account)  # type: ignore[arg-type]
    return [problem.path for problem in preflight.problems(inputs)]


@pytest.mark.parametrize(
    ("failures", "short"), list(enumerate([SPOT, OTHER, ON_DEMAND, ON_DEMAND]))
)
def test_a_retry_is_held_against_the_quota_of_its_own_fallback(
    account: FakeAccount, inputs: dict[str, Any], failures: int, short: str
) -> None:
    fail(account.sagemaker, inputs, failures)
    account.quotas = dict.fromkeys((SPOT, OTHER, ON_DEMAND), 0.0) | {short: 1.0}
    assert told(account, inputs) == []
    account.quotas = dict.fromkeys((SPOT, OTHER, ON_DEMAND), 1.0) | {short: 0.0}
    place = f"fallbacks[{min(failures, 2) - 1}]" if failures else "request"
    assert told(account, inputs) == [f"{place}.ResourceConfig"]


def test_a_fallback_that_could_never_run_is_told_by_name_and_refuses_no_launch(
    account: FakeAccount, inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    account.quotas |= {OTHER: 1, ON_DEMAND: 0}
    assert told(account, inputs) == []
    [notice] = capsys.readouterr().out.split("\n    Remedy: ")[:1]
    assert notice.startswith(
        "research-dev-digits: a later attempt would be refused: fallbacks[1].ResourceConfig: 1 — "
    )
    assert f"quota of instances of {ON_DEMAND} in us-east-1 is 0" in notice


def test_a_fallback_that_only_waits_for_other_jobs_is_not_told(
    account: FakeAccount,
    inputs: dict[str, Any],
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    account.quotas |= {OTHER: 1, ON_DEMAND: 1}
    other = job_inputs({"instanceType": "ml.c5.xlarge"})["request"]
    account.sagemaker.create_training_job(**other | {"TrainingJobName": "other", "Tags": []})
    assert told(account, inputs) == []
    assert capsys.readouterr().out == ""
    fail(account.sagemaker, inputs)
    assert told(account, inputs) == ["fallbacks[0].ResourceConfig"]


def test_fallbacks_that_were_used_up_are_not_told(
    account: FakeAccount, inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    account.quotas |= {OTHER: 0, ON_DEMAND: 1}
    fail(account.sagemaker, inputs, 2)
    assert told(account, inputs) == []
    assert capsys.readouterr().out == ""


def test_a_retry_that_a_crash_left_behind_is_held_against_what_it_runs_on(
    account: FakeAccount, inputs: dict[str, Any]
) -> None:
    account.quotas = {SPOT: 0, OTHER: 1, ON_DEMAND: 0}
    fail(account.sagemaker, inputs)
    launch_once(account.sagemaker, launch_of(inputs))
    assert told(account, inputs) == []


def test_what_another_fallback_takes_counts_for_the_stacks_other_jobs(
    account: FakeAccount, inputs: dict[str, Any], job_inputs: Inputs
) -> None:
    account.quotas |= {OTHER: 1}
    fail(account.sagemaker, inputs)
    preflight = Preflight(account)  # type: ignore[arg-type]
    assert preflight.problems(inputs) == []
    other = job_inputs({"instanceType": "ml.c5.xlarge"}, lineage="research-dev-letters")
    [problem] = preflight.problems(other)
    assert "of which 1 are in use or asked for by this stack's other jobs" in problem.rule


def test_attempts_that_may_not_be_seen_are_told_and_the_first_choice_is_judged(
    account: FakeAccount,
    inputs: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def denied(_self: FakeSageMaker, **_: Any) -> None:
        raise client_error("AccessDeniedException", "not authorized", "ListTrainingJobs")

    monkeypatch.setattr(FakeSageMaker, "_list_training_jobs", denied)
    account.quotas = {SPOT: 0}
    told(account, inputs)
    assert "preflight can't see earlier attempts: " in capsys.readouterr().out


@settings(max_examples=15)
@given(job=jobs().filter(lambda job: "fallbacks" in job), failures=st.integers(0, 4))
def test_what_is_judged_is_what_is_launched(job: dict[str, Any], failures: int) -> None:
    model = JobSettings.model_validate(job)
    inputs: dict[str, Any] = {
        "lineage": "research-dev-digits",
        "owner": "artifacts",
        "region": "us-east-1",
        "definition_hash": "0123abcd",
        "request": training_request(model, PLACEMENT),
        "fallbacks": fallback_requests(model, PLACEMENT),
    }
    account = FakeAccount(FakeSageMaker())
    account.denied = {"BatchGetImage", "ListObjectsV2", "GetRole"}
    fail(account.sagemaker, inputs, failures)
    every = [inputs["request"], *(inputs["request"] | each for each in inputs["fallbacks"])]
    account.quotas = {name: 0.0 for request in every for name in instances_of(request)}
    judged = Preflight(account).problems(inputs)  # type: ignore[arg-type]
    launched = launch_once(account.sagemaker, launch_of(inputs)).description
    refused = {problem.rule.partition(" in us-east-1")[0] for problem in judged}
    assert refused == {
        f"the account's quota of instances of {name}" for name in instances_of(launched)
    }
