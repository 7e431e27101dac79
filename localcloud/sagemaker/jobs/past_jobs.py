"""Records of made-up jobs that ended long ago, so that an account has a history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from localcloud.protocol.errors import validation_error
from localcloud.protocol.validation import validate
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.quota_book import Place
from localcloud.sagemaker.jobs.records import TrainingJob

_DAY_SECONDS = 86_400.0
_RUN_SECONDS = 600.0
_MOST_JOBS = 1_000_000


@dataclass(frozen=True)
class PastJobs:
    """A number of past jobs, spread evenly over the days before now."""

    count: int
    prefix: str = "past"
    """The beginning of their names; a hyphen and a number follow."""
    days: float = 365.0
    """How long ago the first was created; the last was created at least ten minutes ago."""
    status: str = "Completed"
    """The secondary status with which they ended."""
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises SageMaker's ValidationException for values that no job can have."""
        if not 1 <= self.count <= _MOST_JOBS:
            raise validation_error(f"The count must be from 1 to {_MOST_JOBS}, not {self.count}")
        if self.status not in statuses.TERMINAL:
            known = ", ".join(statuses.TERMINAL)
            raise validation_error(f"The status must be one of {known}, not {self.status}")
        if self.days * _DAY_SECONDS < _RUN_SECONDS:
            raise validation_error(f"The days must be at least 0.01, not {self.days}")
        validate("DescribeTrainingJob", {"TrainingJobName": self._name(self.count)})

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
