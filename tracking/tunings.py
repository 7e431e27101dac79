"""The tuning jobs of a lineage, each with its trials, as SageMaker describes them. boto3.

A trial is a training job. It has the tags of its tuning job, and says which one that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from components.training_job.aws.errors import is_denied
from components.training_job.aws.found_jobs import Job, all_found, equals
from components.training_job.reader.run_attempts import Attempt, Clients, read_json
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.outcome import is_terminal
from components.training_job.run.run_record import record_uri
from components.training_job.run.service_record import describe
from components.training_job.tuning.trials import objective_in, summaries_of

_MOST = 1000
"""How many of the newest jobs of a lineage are looked at for trials."""


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job."""

    attempt: Attempt
    objective: float | None
    """The last value of the objective; None for a trial that has none yet."""


@dataclass(frozen=True)
class Tuning:
    """One tuning job of a lineage."""

    description: Mapping[str, Any]
    """What DescribeHyperParameterTuningJob says."""
    trials: Sequence[Trial]
    """In the order of their creation."""

    @property
    def name(self) -> str:
        """The tuning job's name."""
        return str(self.description["HyperParameterTuningJobName"])

    @property
    def arn(self) -> str:
        """The tuning job's ARN."""
        return str(self.description["HyperParameterTuningJobArn"])

    @property
    def objective(self) -> Mapping[str, str]:
        """MetricName, and Type: Minimize or Maximize."""
        config = self.description["HyperParameterTuningJobConfig"]
        objective: Mapping[str, str] = config["HyperParameterTuningJobObjective"]
        return objective

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it is live."""
        end: datetime | None = self.description.get("HyperParameterTuningEndTime")
        return end


def tunings_of(clients: Clients, lineage: str) -> list[Tuning]:
    """The tuning jobs of a lineage that have trials; none where the caller may not search."""
    sagemaker, trials = clients.sagemaker, dict[str, list[Job]]()
    try:
        found = all_found(sagemaker, equals(f"Tags.{LINEAGE_TAG}", lineage))
        for job in islice(found, _MOST):
            if "TuningJobArn" in job:
                trials.setdefault(job["TuningJobArn"], []).append(job)
    except sagemaker.exceptions.ClientError as error:
        if not is_denied(error):
            raise
    return [_tuning(clients, arn, jobs) for arn, jobs in sorted(trials.items())]


def _tuning(clients: Clients, arn: str, jobs: Sequence[Job]) -> Tuning:
    name = arn.rpartition("/")[2]
    description = clients.sagemaker.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name
    )
    output = description["TrainingJobDefinition"]["OutputDataConfig"]
    record, objectives = read_json(clients.s3, record_uri(output, name)), _objectives(clients, name)
    trials = [
        Trial(_attempt(clients.sagemaker, job, record), objectives.get(job["TrainingJobName"]))
        for job in sorted(jobs, key=lambda job: job["CreationTime"])
    ]
    return Tuning(description, trials)


def _attempt(sagemaker: Any, job: Job, record: Mapping[str, Any]) -> Attempt:
    """A trial; a search is late, so one that it does not show as ended is described."""
    now = job if is_terminal(job) else describe(sagemaker, job["TrainingJobName"]) or job
    return Attempt(now, {tag["Key"]: tag["Value"] for tag in job.get("Tags", [])}, record)


def _objectives(clients: Clients, name: str) -> dict[str, float]:
    """The objective's value of each trial that has one."""
    summaries = summaries_of(clients.sagemaker, name)
    found = {each["TrainingJobName"]: objective_in(each) for each in summaries}
    return {trial: value for trial, value in found.items() if value is not None}
