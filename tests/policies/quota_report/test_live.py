from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from quota_report.live import Market, account_quotas, instances_by_market, running_jobs
from tests.policies.subjects import tuning_job
from training_policies.quotas.owner import claim_of
from training_policies.training_job import training_job

DESCRIPTION = {
    "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/one",
    "TrainingJobStatus": "InProgress",
    "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "EnableManagedSpotTraining": True,
}
QUOTAS = [
    ("ml.g5.xlarge for spot training job usage", 4.0),
    ("ml.g5.xlarge for training job usage", 1.0),
    ("ml.g5.xlarge for training warm pool usage", 7.0),
    ("Number of instances for a spot training job", 9.0),
]


NOW = datetime.now(UTC)
SEARCHED = {
    "InProgress": {"a": "InProgress", "b": "Stopping", "ended": "Completed"},
    "Stopping": {"c": "Stopping"},
}
"""What Search shows with a status, and what it is."""
LISTED = [
    ("b", "InProgress", NOW),
    ("new", "InProgress", NOW - timedelta(minutes=1)),
    ("short", "Completed", NOW - timedelta(minutes=2)),
    ("a", "InProgress", NOW - timedelta(days=3)),
    ("ended", "Completed", NOW - timedelta(days=4)),
    ("older", "Completed", NOW - timedelta(days=57)),
]


class Session:
    """Answers as boto3 does, in pages of one."""

    def __init__(self, *, may_search: bool = True) -> None:
        self.may_search = may_search
        self.listed: list[str] = []

    def client(self, _: str) -> Session:
        return self

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(self, operation)

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        known = SEARCHED["InProgress"] | SEARCHED["Stopping"]
        return DESCRIPTION | {"TrainingJobStatus": known.get(TrainingJobName, "InProgress")}

    def list_tags(self, **_: Any) -> dict[str, Any]:
        return {"Tags": [{"Key": "team", "Value": "research"}]}


class Paginator:
    def __init__(self, session: Session, operation: str) -> None:
        self._session = session
        self._operation = operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if self._operation == "search":
            [condition] = asked["SearchExpression"]["Filters"]
            if not self._session.may_search:
                raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Search")
            for name in SEARCHED[condition["Value"]]:
                yield {"Results": [{"TrainingJob": {"TrainingJobName": name}}]}
        elif self._operation == "list_training_jobs":
            assert (asked["SortBy"], asked["SortOrder"]) == ("CreationTime", "Descending")
            for name, status, created in LISTED:
                self._session.listed.append(name)
                summary = {"TrainingJobName": name, "TrainingJobStatus": status}
                yield {"TrainingJobSummaries": [summary | {"CreationTime": created}]}
        else:
            assert asked == {"ServiceCode": "sagemaker"}
            yield from ({"Quotas": [{"QuotaName": n, "Value": value}]} for n, value in QUOTAS)


def test_the_jobs_that_run_or_stop_are_read_with_their_tags():
    jobs = running_jobs(Session())
    assert [job.name for job in jobs] == ["a", "b", "c", "new"]
    assert claim_of(jobs[0]).team == "research"
    spot, on_demand = Market("ml.g5.xlarge", spot=True), Market("ml.g5.xlarge", spot=False)
    assert instances_by_market(jobs) == {spot: 8}
    assert account_quotas(Session()) == {spot: 4.0, on_demand: 1.0}


def test_a_trial_counts_once_and_belongs_to_the_stack_of_its_tuning_job(
    monkeypatch: pytest.MonkeyPatch,
):
    tuning = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/tuned"
    monkeypatch.setitem(DESCRIPTION, "TuningJobArn", tuning)
    jobs = running_jobs(Session())
    assert {job.resource.urn for job in jobs} == {tuning}
    assert [job.name for job in jobs] == ["a", "b", "c", "new"]
    assert instances_by_market(jobs) == {Market("ml.g5.xlarge", spot=True): 8}


def test_a_tuning_job_asks_for_the_instances_of_its_parallel_trials():
    asked = [tuning_job("ml.g5.xlarge", 2, parallel=3), tuning_job("ml.g5.xlarge", parallel=None)]
    jobs = [view for each in asked if (view := training_job(each))]
    assert instances_by_market(jobs) == {Market("ml.g5.xlarge", spot=True): 6}


def test_of_several_preferences_the_selected_type_is_in_use(monkeypatch: pytest.MonkeyPatch):
    resources = {
        "InstancePreferences": [
            {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1},
            {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        ],
        "SelectedInstanceType": "ml.g5.xlarge",
        "SelectedInstanceCount": 2,
    }
    monkeypatch.setitem(DESCRIPTION, "ResourceConfig", resources)
    monkeypatch.setitem(DESCRIPTION, "EnableManagedSpotTraining", False)
    used = instances_by_market(running_jobs(Session()))
    assert used == {Market("ml.g5.xlarge", spot=False): 8}


def test_only_the_newest_jobs_are_listed():
    session = Session()
    running_jobs(session)
    assert session.listed == ["b", "new", "short", "a"]


def test_without_a_search_all_jobs_that_may_still_run_are_listed(
    capsys: pytest.CaptureFixture[str],
):
    session = Session(may_search=False)
    assert [job.name for job in running_jobs(session)] == ["b", "new", "a"]
    assert session.listed[-1] == "older"
    assert "may not call sagemaker:Search" in capsys.readouterr().err
