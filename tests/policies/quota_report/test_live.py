from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quota_report.live import Market, account_quotas, instances_by_market, running_jobs
from training_policies.quotas.owner import claim_of

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


class Session:
    """Answers as boto3 does, in pages of one."""

    def client(self, _: str) -> Session:
        return self

    def get_paginator(self, operation: str) -> Paginator:
        return Paginator(operation)

    def describe_training_job(self, **_: Any) -> dict[str, Any]:
        return DESCRIPTION

    def list_tags(self, **_: Any) -> dict[str, Any]:
        return {"Tags": [{"Key": "team", "Value": "research"}]}


class Paginator:
    def __init__(self, operation: str) -> None:
        self._operation = operation

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        if self._operation == "list_training_jobs":
            assert asked == {"StatusEquals": "InProgress"}
            yield from ({"TrainingJobSummaries": [{"TrainingJobName": name}]} for name in "ab")
        else:
            assert asked == {"ServiceCode": "sagemaker"}
            yield from ({"Quotas": [{"QuotaName": n, "Value": value}]} for n, value in QUOTAS)


def test_the_jobs_in_progress_are_read_with_their_tags():
    jobs = running_jobs(Session())
    assert [job.name for job in jobs] == ["a", "b"]
    assert claim_of(jobs[0]).team == "research"
    spot, on_demand = Market("ml.g5.xlarge", spot=True), Market("ml.g5.xlarge", spot=False)
    assert instances_by_market(jobs) == {spot: 4}
    assert account_quotas(Session()) == {spot: 4.0, on_demand: 1.0}
