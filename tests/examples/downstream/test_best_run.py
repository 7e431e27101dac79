"""The best of the last runs of a recurring job, by what SageMaker recorded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from best_run import Best, best_run

START = datetime(2026, 11, 30, tzinfo=UTC)
TAGS = [
    {"Key": "sagemaker-training:recurring", "Value": "research-prod-digits"},
    {"Key": "sagemaker-training:owner", "Value": "artifacts"},
]


class SageMaker:
    """The runs of one job, a week after another: their final accuracy, or how they ended."""

    def __init__(self, *runs: float | str) -> None:
        self.jobs = {f"run-{week}": _job(week, run) for week, run in enumerate(runs, 1)}
        self.tags = TAGS
        self.filters: dict[str, str] = {}

    @property
    def newest(self) -> str:
        return str(list(self.jobs.values())[-1]["TrainingJobArn"])

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        return self.jobs[TrainingJobName]

    def get_paginator(self, _operation: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=lambda **_: [{"Tags": self.tags}])

    def search(self, **request: Any) -> dict[str, Any]:
        """All but the newest run, which Search does not show yet."""
        filters = request["SearchExpression"]["Filters"]
        self.filters = {each["Name"]: each["Value"] for each in filters}
        found = [job for job in self.jobs.values() if job["TrainingJobStatus"] == "Completed"]
        found = [job for job in found if job["TrainingJobArn"] != self.newest]
        return {"Results": [{"TrainingJob": job} for job in reversed(found)]}


def _job(week: int, run: float | str) -> dict[str, Any]:
    name, is_complete = f"run-{week}", run == "unmeasured" or not isinstance(run, str)
    metrics = [] if isinstance(run, str) else [{"MetricName": "accuracy", "Value": run}]
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
        "TrainingJobStatus": "Completed" if is_complete else run,
        "CreationTime": START + timedelta(weeks=week),
        "ModelArtifacts": {"S3ModelArtifacts": f"s3://artifacts/output/{name}/output/model.tar.gz"},
        "FinalMetricDataList": metrics,
    }


@pytest.mark.parametrize(
    ("runs", "of", "best"),
    [
        ((0.9, 0.8), 2, "run-1"),
        ((0.9, 0.8), 1, "run-2"),
        ((0.8, 0.9), 4, "run-2"),
        ((0.9, 0.9), 2, "run-2"),  # of equal ones, the one with the newest data
        ((0.9, 0.8, "Failed"), 2, "run-1"),
        ((0.9, 0.8, "InProgress"), 1, "run-2"),
        ((0.9, "unmeasured"), 2, "run-1"),
    ],
)
def test_the_best_of_the_last_completed_runs_is_taken(
    runs: tuple[float | str, ...], of: int, best: str
) -> None:
    sagemaker = SageMaker(*runs)
    found = best_run(sagemaker, sagemaker.newest, Best("accuracy", maximize=True, of=of))
    assert found.name == best
    assert found.model_uri == f"s3://artifacts/output/{best}/output/model.tar.gz"
    assert sagemaker.filters["Tags.sagemaker-training:owner"] == "artifacts"


def test_less_is_better_where_the_metric_is_to_be_minimized() -> None:
    sagemaker = SageMaker(0.9, 0.8, 0.85)
    found = best_run(sagemaker, sagemaker.newest, Best.read({"minimize": "accuracy", "of": 3.0}))
    assert (found.name, found.metrics) == ("run-2", {"accuracy": 0.8})


def test_without_a_run_that_has_the_metric_nothing_is_taken() -> None:
    sagemaker = SageMaker("unmeasured", "Failed")
    with pytest.raises(ValueError, match="completed: run-1"):
        best_run(sagemaker, sagemaker.newest, Best("accuracy", maximize=True, of=2))


@pytest.mark.parametrize("arn", ["", "arn:aws:sagemaker:us-east-1:123456789012:training-job/a"])
def test_a_job_that_does_not_recur_has_no_last_runs(arn: str) -> None:
    sagemaker = SageMaker(0.9)
    sagemaker.tags = []
    with pytest.raises(ValueError, match="recurring: true"):
        best_run(sagemaker, arn, Best("accuracy", maximize=True, of=2))


@pytest.mark.parametrize(
    "value",
    [
        {"of": 4},
        {"maximize": "accuracy"},
        {"maximize": "accuracy", "minimize": "loss", "of": 4},
        {"maximize": "accuracy", "of": 0},
        {"maximize": "accuracy", "of": True},
        {"maximize": 3, "of": 4},
    ],
)
def test_another_form_of_the_setting_is_refused(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="maximize: accuracy, of: 4"):
        Best.read(value)
