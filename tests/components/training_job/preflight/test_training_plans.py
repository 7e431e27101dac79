"""What preflight says of a training plan, before a job is launched on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.training_job.preflight.preflight import Preflight
from components.training_job.request.job_inputs import JobInputs
from tests.components.fake_aws import FakeAws

Inputs = Callable[..., dict[str, Any]]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
TYPE = "ml.p5.48xlarge"
JOB = {
    "trainingPlan": ARN,
    "spot": False,
    "instanceType": TYPE,
    "instanceCount": 2,
    "maxRuntime": "10h",
}
NOW = datetime.now(UTC)


def plan(days: float = 2, **changes: Any) -> dict[str, Any]:
    """An active plan of two instances that ends in so many days."""
    return {
        "TrainingPlanArn": ARN,
        "Status": "Active",
        "StartTime": NOW - timedelta(days=1),
        "EndTime": NOW + timedelta(days=days),
        "TotalInstanceCount": 2,
        "AvailableInstanceCount": 2,
        "TargetResources": ["training-job"],
        "ReservedCapacitySummaries": [{"InstanceType": TYPE}],
    } | changes


@pytest.fixture
def aws(aws: FakeAws) -> FakeAws:
    aws.training_plans = {ARN: plan()}
    return aws


def problems(aws: FakeAws, inputs: dict[str, Any]) -> list[str]:
    preflight = Preflight(aws)  # type: ignore[arg-type]
    return [str(problem) for problem in preflight.problems(JobInputs.of(inputs))]


def test_a_launch_on_a_plan_that_fits_prints_nothing(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert problems(aws, job_inputs(JOB)) == []
    assert capsys.readouterr().out == ""
    assert aws.calls.count("DescribeTrainingPlan") == 1


def test_only_a_launch_on_a_plan_asks_for_one(aws: FakeAws, job_inputs: Inputs) -> None:
    problems(aws, job_inputs())
    assert "DescribeTrainingPlan" not in aws.calls


def test_a_plan_that_does_not_exist_is_refused(aws: FakeAws, job_inputs: Inputs) -> None:
    aws.training_plans = {}
    [text] = problems(aws, job_inputs(JOB))
    assert text.startswith(f'request.ResourceConfig.TrainingPlanArn: "{ARN}" — there is no such')
    assert "Remedy: correct the account, the region or the name in trainingPlan" in text


@pytest.mark.parametrize(
    ("described", "path", "rule", "remedy"),
    [
        (plan(Status="Pending"), "ResourceConfig.TrainingPlanArn",
         "the plan is Pending; only one that is Active or Scheduled", "another trainingPlan"),
        (plan(Status="Failed", StatusMessage="not paid"), "ResourceConfig.TrainingPlanArn",
         "the plan is Failed (not paid);", "another trainingPlan"),
        (plan(TargetResources=["hyperpod-cluster"]), "ResourceConfig.TrainingPlanArn",
         "is for hyperpod-cluster, and not for training jobs", "another trainingPlan"),
        (plan(ReservedCapacitySummaries=[{"InstanceType": "ml.p4d.24xlarge"}]),
         "ResourceConfig.InstanceType", "reserves ml.p4d.24xlarge",
         "set instanceType to ml.p4d.24xlarge"),
        (plan(TotalInstanceCount=1), "ResourceConfig.InstanceCount", "has 1 instances",
         "set instanceCount to 1 or fewer"),
        (plan(days=10.4 / 24), "StoppingCondition.MaxRuntimeInSeconds",
         "taken back 30 minutes before, so the job has 9h", "shorten maxRuntime"),
        (plan(Status="Scheduled", StartTime=NOW + timedelta(days=1.7)),
         "StoppingCondition.MaxRuntimeInSeconds", "so the job has 6h4", "extend the plan"),
    ],
)  # fmt: skip
def test_a_plan_that_can_never_run_the_job_is_refused(
    aws: FakeAws, job_inputs: Inputs, described: dict[str, Any], path: str, rule: str, remedy: str
) -> None:
    aws.training_plans = {ARN: described}
    [text] = problems(aws, job_inputs(JOB))
    assert text.startswith(f"request.{path}: ")
    assert rule in text
    assert remedy in text.partition("Remedy: ")[2]


def test_the_start_of_a_plan_that_is_scheduled_is_printed(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    start = datetime(2127, 3, 1, 11, 30, tzinfo=UTC)
    scheduled = {"Status": "Scheduled", "StartTime": start, "EndTime": start + timedelta(days=7)}
    aws.training_plans = {ARN: plan() | scheduled | {"AvailableInstanceCount": 0}}
    assert problems(aws, job_inputs(JOB)) == []
    printed = capsys.readouterr().out.splitlines()
    assert printed == [f"research-dev-digits: waits for the start of {ARN}, 2127-03-01 11:30+00:00"]


@pytest.mark.parametrize("own", [True, False])
def test_a_job_waits_for_instances_that_others_use_and_not_for_its_own(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str], own: bool
) -> None:
    inputs = job_inputs(JOB)
    lineage = inputs["lineage"] if own else "vision-dev-cats"
    tags = [{"Key": "sagemaker-training:owner", "Value": inputs["owner"]}]
    request = inputs["request"] | {"TrainingJobName": f"{lineage}-00000001-1", "Tags": tags}
    aws.create_training_job(**request)
    aws.training_plans = {ARN: plan(AvailableInstanceCount=0)}
    assert problems(aws, inputs) == []
    printed = capsys.readouterr().out
    assert ("waits, for two days at most, until 2 instances" in printed) == (not own)


def test_a_plan_that_may_not_be_asked_for_is_reported_once_and_stops_nothing(
    aws: FakeAws, job_inputs: Inputs, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.deny("DescribeTrainingPlan")
    preflight = Preflight(aws)  # type: ignore[arg-type]
    for lineage in ("research-dev-digits", "research-dev-letters"):
        assert preflight.problems(JobInputs.of(job_inputs(JOB, lineage=lineage))) == []
    [warning] = capsys.readouterr().out.splitlines()
    assert warning.startswith("preflight can't see the training plan: ")


def test_a_fallback_runs_without_the_plan_and_asks_for_none(
    aws: FakeAws, job_inputs: Inputs
) -> None:
    fallback = {"relaunch": "onFailure", "maxAttempts": 2, "fallbacks": [{"spot": True}]}
    inputs = job_inputs(JOB | fallback, definition_hash="0123abcd")
    name = f"{inputs['lineage']}-0123abcd-1"
    aws.create_training_job(**inputs["request"] | {"TrainingJobName": name, "Tags": []})
    aws.set_status(name, "Failed", reason="CapacityError: none")
    aws.training_plans = {}
    assert problems(aws, inputs) == []
