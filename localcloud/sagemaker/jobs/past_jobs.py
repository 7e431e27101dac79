"""Records of made-up jobs that ended long ago, so that an account has a history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from localcloud.protocol.documents import strict
from localcloud.protocol.errors import validation_error
from localcloud.protocol.validation import validate
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.quota_book import Place
from localcloud.sagemaker.jobs.records import TrainingJob, training_job_arn

_DAY_SECONDS = 86_400.0
_RUN_SECONDS = 600.0
_MOST_JOBS = 1_000_000
_MOST_DAYS = 36_500


@strict
@dataclass(frozen=True)
class PastJobs:
    """A number of past jobs, spread evenly over the days before now."""

    count: Annotated[int, Field(ge=1, le=_MOST_JOBS)]
    prefix: str = "past"
    """The beginning of their names; a hyphen and a number follow."""
    days: Annotated[float, Field(ge=0.01, le=_MOST_DAYS)] = 365.0
    """How long ago the first was created; the last was created at least ten minutes ago."""
    status: str = "Completed"
    """The secondary status with which they ended."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises SageMaker's ValidationException for values that no job can have."""
        if self.status not in statuses.TERMINAL:
            known = ", ".join(statuses.TERMINAL)
            raise validation_error(f"The status must be one of {known}, not {self.status}")
        validate("DescribeTrainingJob", {"TrainingJobName": self._name(self.count)})
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        arn = training_job_arn("123456789012", "us-east-1", self._name(self.count))
        validate("AddTags", {"ResourceArn": arn, "Tags": tags})

    def _name(self, number: int) -> str:
        return f"{self.prefix}-{number:06}"

    def records(self, place: Place, now: float) -> Iterator[TrainingJob]:
        """The records, the oldest first; `now` is in epoch seconds."""
        account, region = place
        request = _request(account, region)
        first, last = now - self.days * _DAY_SECONDS, now - _RUN_SECONDS
        for number in range(1, self.count + 1):
            created = last - (last - first) * (self.count - number) / self.count
            name = self._name(number)
            rows = statuses.enter((), "Starting", created)
            yield TrainingJob(
                name=name,
                account=account,
                region=region,
                # They share what the request contains, because there are many.
                request={**request, "TrainingJobName": name},
                created=created,
                modified=created + _RUN_SECONDS,
                transitions=statuses.enter(
                    statuses.enter(rows, "Training", created + 1),
                    self.status,
                    created + _RUN_SECONDS,
                    "ClientError: a job of the past" if self.status == "Failed" else "",
                ),
                tags=dict(self.tags),
            )


def _request(account: str, region: str) -> dict[str, object]:
    image = f"{account}.dkr.ecr.{region}.amazonaws.com/training:1"
    return {
        "RoleArn": f"arn:aws:iam::{account}:role/training",
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://past/output"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }
