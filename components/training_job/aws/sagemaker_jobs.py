"""The two kinds of job that a stack launches, in the words of SageMaker's API. No Pulumi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from components.training_job.aws.errors import code_of, is_gone


@dataclass(frozen=True)
class JobKind:
    """How the members and operations of a kind of job are called."""

    resource: str
    """What the API calls it, and what its members' names begin with."""
    operation: str
    """The same in the names of the client's methods."""
    longest_life: timedelta
    """How long such a job can live."""

    @property
    def name_member(self) -> str:
        """The member of the API, and of an event's detail, that has a job's name."""
        return f"{self.resource}Name"

    @property
    def arn_member(self) -> str:
        """The member of the API that has a job's ARN."""
        return f"{self.resource}Arn"

    @property
    def status_member(self) -> str:
        """The member of the API, and of an event's detail, that has a job's status."""
        return f"{self.resource}Status"

    def name_of(self, job: Mapping[str, Any]) -> str:
        """The name in a description, a summary or a record of Search."""
        return str(job[self.name_member])

    def arn_of(self, job: Mapping[str, Any]) -> str:
        """The ARN in a description, a summary or a record of Search."""
        return str(job[self.arn_member])

    def status_of(self, job: Mapping[str, Any]) -> str:
        """The status in a description, a summary or a record of Search."""
        return str(job[self.status_member])

    def create(self, client: Any, request: Mapping[str, Any]) -> str:
        """Launches a job; returns its ARN."""
        answer = getattr(client, f"create_{self.operation}")(**request)
        return self.arn_of(answer)

    def describe(self, client: Any, name: str) -> dict[str, Any] | None:
        """The description of a job; None where its record no longer exists."""
        try:
            return dict(getattr(client, f"describe_{self.operation}")(**{self.name_member: name}))
        except client.exceptions.ClientError as error:
            if is_gone(error):
                return None
            raise

    def stop(self, client: Any, name: str) -> None:
        """Stops a job; ignores that AWS refuses it for one that has ended meanwhile."""
        try:
            getattr(client, f"stop_{self.operation}")(**{self.name_member: name})
        except client.exceptions.ClientError as error:
            if code_of(error) != "ValidationException":
                raise


TRAINING_JOB = JobKind("TrainingJob", "training_job", timedelta(days=56))
"""It lives 28 days of waiting and 28 days of running at most, the API's limits."""

TUNING_JOB = JobKind(
    "HyperParameterTuningJob", "hyper_parameter_tuning_job", timedelta(seconds=15_768_000)
)
"""It lives half a year at most: the API's largest MaxRuntimeInSeconds."""
