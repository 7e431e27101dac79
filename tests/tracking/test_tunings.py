"""How tuning jobs and their trials are found."""

from __future__ import annotations

import io
import json
from typing import Any

from botocore.exceptions import ClientError

from components.training_job.reader.run_attempts import Clients
from tests.tracking.lineages import LINEAGE, attempt
from tests.tracking.test_tuning_runs import ARN, tuning
from tracking.tunings import tunings_of

OUTPUT = {"S3OutputPath": f"s3://bucket/output/{LINEAGE}"}


class FakeSageMaker:
    """A lineage with a job of its own, and a tuning job with a trial that a search shows late."""

    class exceptions:  # noqa: N801 - as boto3 names it
        """The client's errors."""

        ClientError = ClientError

    def __init__(self, denied: bool = False) -> None:
        self.denied = denied
        of_tuning = {"TuningJobArn": ARN, "Tags": [{"Key": "a", "Value": "b"}]}
        self.live = attempt(2, 5, **of_tuning)
        self.jobs = [dict(self.live.description), dict(attempt(1, 0).description)]

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        assert TrainingJobName == self.live.name
        return {**self.live.description, "TrainingJobStatus": "Completed"}

    def describe_hyper_parameter_tuning_job(self, **_name: str) -> dict[str, Any]:
        definition = {"OutputDataConfig": OUTPUT}
        return {**tuning().description, "TrainingJobDefinition": definition}

    def get_paginator(self, name: str) -> Any:
        return Pages(self, name)


class Pages:
    def __init__(self, client: FakeSageMaker, name: str) -> None:
        self.client, self.name = client, name

    def paginate(self, **_arguments: Any) -> list[dict[str, Any]]:
        if self.name != "search":
            value = {"MetricName": "val_loss", "Value": 0.25}
            metric = {"FinalHyperParameterTuningJobObjectiveMetric": value}
            return [
                {"TrainingJobSummaries": [{"TrainingJobName": self.client.live.name, **metric}]}
            ]
        if self.client.denied:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Search")
        return [{"Results": [{"TrainingJob": job} for job in self.client.jobs]}]


class FakeS3:
    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key.rpartition("/")[2]) == ("bucket", "run.json")
        return {"Body": io.BytesIO(json.dumps({"source_hash": "5eed"}).encode())}


def test_a_tuning_job_is_found_by_its_trials_and_a_late_search_decides_nothing():
    [found] = tunings_of(Clients(FakeSageMaker(), None, FakeS3()), LINEAGE)
    [trial] = found.trials
    assert (found.arn, found.ended) == (ARN, None)
    assert (trial.objective, trial.attempt.is_live) == (0.25, False)
    assert trial.attempt.record == {"source_hash": "5eed"}


def test_a_caller_who_may_not_search_sees_none():
    assert tunings_of(Clients(FakeSageMaker(denied=True), None, FakeS3()), LINEAGE) == []
