"""The attempts of a lineage: its training jobs, as SageMaker describes them. boto3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from components.arns import s3_location
from components.training_job.run.job_names import lineage_runs
from components.training_job.run.job_state import progress
from components.training_job.run.outcome import end_of, is_live
from components.training_job.run.run_record import record_uri
from components.training_job.run.service_record import describe, tags_of

DESTROYED = "NoSuchBucket"
"""What S3 answers where the stack of an attempt was destroyed with its bucket."""
_MISSING = ("NoSuchKey", "404", DESTROYED)


@dataclass(frozen=True)
class Visit:
    """One status that a job was in; `ended` is None for the one that it is in."""

    status: str
    started: datetime
    ended: datetime | None
    message: str


@dataclass(frozen=True)
class Attempt:
    """One training job of a lineage."""

    description: Mapping[str, Any]
    """What DescribeTrainingJob says."""
    tags: Mapping[str, str]
    record: Mapping[str, Any] = field(default_factory=dict)
    """`run.json`, what it was made of; empty where there is none."""
    objective: float | None = None
    """The last value of a tuning job's objective; None for what is no trial, or has none yet."""

    @property
    def name(self) -> str:
        """The job's name."""
        return str(self.description["TrainingJobName"])

    @property
    def arn(self) -> str:
        """The job's ARN."""
        return str(self.description["TrainingJobArn"])

    @property
    def created(self) -> datetime:
        """When it was launched."""
        created: datetime = self.description["CreationTime"]
        return created

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it is live."""
        return None if self.is_live else end_of(self.description)

    @property
    def is_live(self) -> bool:
        """Whether it has not ended."""
        return is_live(self.description)

    @cached_property
    def progress(self) -> Mapping[str, Any]:
        """Status, outcome, reason, interruptions, seconds, cost and instances, as in JobState."""
        return progress(self.description)

    @property
    def outcome(self) -> str:
        """The class of its end, or running."""
        return str(self.progress["outcome"])

    @property
    def visits(self) -> list[Visit]:
        """The statuses that it was in, in their order."""
        return [
            Visit(
                each["Status"],
                each["StartTime"],
                each.get("EndTime"),
                each.get("StatusMessage", ""),
            )
            for each in self.description.get("SecondaryStatusTransitions", [])
        ]

    @property
    def expressions(self) -> dict[str, str]:
        """The expressions that find its metrics in its log, by the metrics' names."""
        definitions = self.description["AlgorithmSpecification"].get("MetricDefinitions", [])
        return {each["Name"]: each["Regex"] for each in definitions}


@dataclass(frozen=True)
class Clients:
    """The clients that a reader needs."""

    sagemaker: Any
    logs: Any
    s3: Any


def attempts_of(clients: Clients, lineage: str) -> list[Attempt]:
    """The newest hundred attempts of a lineage, the oldest first, with all that are live."""
    runs = reversed(lineage_runs(clients.sagemaker, lineage))
    found = (_attempt(clients, run.name) for run in runs)
    return [attempt for attempt in found if attempt is not None]


def _attempt(clients: Clients, name: str) -> Attempt | None:
    """One attempt; None where its record is gone."""
    description = describe(clients.sagemaker, name)
    if description is None:
        return None
    tags = tags_of(clients.sagemaker, description["TrainingJobArn"])
    uri = record_uri(description["OutputDataConfig"], name)
    return Attempt(description, tags, read_json(clients.s3, uri))


def read_json(s3: Any, uri: str) -> dict[str, Any]:
    """A document in S3; empty where there is none."""
    text = read_text(s3, uri)
    document: dict[str, Any] = {} if text is None else json.loads(text)
    return document


def read_text(s3: Any, uri: str) -> str | None:
    """A text in S3; None where there is none."""
    bucket, key = s3_location(uri)
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None
    return body.decode()


def output_uri(attempt: Attempt, file: str) -> str:
    """Where a file about an attempt is kept: beside its model."""
    return record_uri(attempt.description["OutputDataConfig"], attempt.name, file)
