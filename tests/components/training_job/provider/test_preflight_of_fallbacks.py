"""Preflight checks what will be launched: for a retry, its own fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_job.preflight.preflight import Preflight
from components.training_job.preflight.quotas import instances_of
from components.training_job.request.job_inputs import JobInputs
from components.training_job.run.ending import let_go
from components.training_job.run.launch import Launch, launch_once
from tests.components.fake_aws import FakeAws
from tests.components.training_job.any_job import jobs
from tests.components.training_job.conftest import SPOT, inputs_of_job

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


def fail(aws: FakeAws, inputs: dict[str, Any], times: int = 1) -> None:
    """Launches a job so often, and lets each one fail."""
    for _ in range(times):
        description = launch_once(aws, launch_of(inputs)).description
        aws.set_status(description["TrainingJobName"], "Failed", reason="CapacityError: none")
        let_go(aws, description, "deleted")


def launch_of(inputs: dict[str, Any]) -> Launch:
    words = ("lineage", "owner", "definition_hash", "request", "fallbacks")
    return Launch(**{key: inputs[key] for key in words})


def paths(aws: FakeAws, inputs: dict[str, Any]) -> list[str]:
    """The paths of the problems of a launch, in a new operation of the engine."""
    preflight = Preflight(aws)  # type: ignore[arg-type]
    return [problem.path for problem in preflight.problems(JobInputs.of(inputs))]


@pytest.mark.parametrize(
    ("failures", "short"), list(enumerate([SPOT, OTHER, ON_DEMAND, ON_DEMAND]))
)
def test_a_retry_is_checked_against_the_quota_of_its_own_fallback(
    aws: FakeAws, inputs: dict[str, Any], failures: int, short: str
) -> None:
    fail(aws, inputs, failures)
    aws.quotas = dict.fromkeys((SPOT, OTHER, ON_DEMAND), 0.0) | {short: 1.0}
    assert paths(aws, inputs) == []
    aws.quotas = dict.fromkeys((SPOT, OTHER, ON_DEMAND), 1.0) | {short: 0.0}
    place = f"fallbacks[{min(failures, 2) - 1}]" if failures else "request"
    assert paths(aws, inputs) == [f"{place}.ResourceConfig"]


def test_a_fallback_that_could_never_run_is_reported_by_name_and_refuses_no_launch(
    aws: FakeAws, inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    aws.quotas |= {OTHER: 1, ON_DEMAND: 0}
    assert paths(aws, inputs) == []
    [notice] = capsys.readouterr().out.split("\n    Remedy: ")[:1]
    assert notice.startswith(
        "research-dev-digits: a later attempt would be refused: fallbacks[1].ResourceConfig: 1 — "
    )
    assert f"quota of instances of {ON_DEMAND} in us-east-1 is 0" in notice


def test_a_fallback_that_only_waits_for_other_jobs_is_not_reported(
    aws: FakeAws,
    inputs: dict[str, Any],
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.quotas |= {OTHER: 1, ON_DEMAND: 1}
    other = job_inputs({"instanceType": "ml.c5.xlarge"})["request"]
    aws.create_training_job(**other | {"TrainingJobName": "other", "Tags": []})
    assert paths(aws, inputs) == []
    assert capsys.readouterr().out == ""
    fail(aws, inputs)
    assert paths(aws, inputs) == ["fallbacks[0].ResourceConfig"]


def test_fallbacks_that_were_used_up_are_not_reported(
    aws: FakeAws, inputs: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    aws.quotas |= {OTHER: 0, ON_DEMAND: 1}
    fail(aws, inputs, 2)
    assert paths(aws, inputs) == []
    assert capsys.readouterr().out == ""


def test_a_retry_that_a_crash_left_behind_is_checked_against_what_it_runs_on(
    aws: FakeAws, inputs: dict[str, Any]
) -> None:
    aws.quotas = {SPOT: 0, OTHER: 1, ON_DEMAND: 0}
    fail(aws, inputs)
    launch_once(aws, launch_of(inputs))
    assert paths(aws, inputs) == []


def test_what_another_fallback_takes_counts_for_the_stacks_other_jobs(
    aws: FakeAws, inputs: dict[str, Any], job_inputs: Inputs
) -> None:
    aws.quotas |= {OTHER: 1}
    fail(aws, inputs)
    preflight = Preflight(aws)  # type: ignore[arg-type]
    assert preflight.problems(JobInputs.of(inputs)) == []
    other = job_inputs({"instanceType": "ml.c5.xlarge"}, lineage="research-dev-letters")
    [problem] = preflight.problems(JobInputs.of(other))
    assert "of which 1 are in use or asked for by this stack's other jobs" in problem.rule


def test_attempts_that_may_not_be_seen_are_reported_and_the_first_choice_is_checked(
    aws: FakeAws,
    inputs: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.deny("ListTrainingJobs")
    aws.quotas = {SPOT: 0}
    paths(aws, inputs)
    assert "preflight can't see earlier attempts: " in capsys.readouterr().out


@settings(max_examples=15)
@given(job=jobs().filter(lambda job: "fallbacks" in job), failures=st.integers(0, 4))
def test_what_preflight_checks_is_what_is_launched(job: dict[str, Any], failures: int) -> None:
    inputs = inputs_of_job(job, definition_hash="0123abcd")
    aws = FakeAws()
    aws.deny("BatchGetImage", "ListObjectsV2", "GetRole")
    fail(aws, inputs, failures)
    every = [inputs["request"], *(inputs["request"] | each for each in inputs["fallbacks"])]
    aws.quotas = {name: 0.0 for request in every for name in instances_of(request)}
    problems = Preflight(aws).problems(JobInputs.of(inputs))  # type: ignore[arg-type]
    launched = launch_once(aws, launch_of(inputs)).description
    refused = {problem.rule.partition(" in us-east-1")[0] for problem in problems}
    assert refused == {
        f"the account's quota of instances of {name}" for name in instances_of(launched)
    }
