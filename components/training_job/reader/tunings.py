"""The tuning jobs of a lineage, and their trials, as SageMaker describes them. boto3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from components.artifact_layout import TRIALS_TABLE
from components.training_job.aws.errors import code_of, is_denied
from components.training_job.aws.found_jobs import (
    Job,
    all_found,
    equals,
    found_jobs,
    newest_found,
)
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.reader.run_attempts import Attempt, Clients, read_json
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.request.tuning_request import training_view
from components.training_job.run.outcome import is_terminal
from components.training_job.run.run_record import RUN_RECORD
from components.training_job.run.service_record import describe, tags_of
from components.training_job.tuning import trials
from components.training_job.tuning.trials import Trial, objective_in, summaries_of
from components.training_job.tuning.tuning_record import trials_kept, uri_of

_MOST_TUNINGS = 20
"""The newest tuning jobs of a lineage that are read."""
_MOST_TRIALS = 1000
"""The newest trials of a tuning job whose training jobs are read."""


@dataclass(frozen=True)
class Tuning:
    """One tuning job of a lineage."""

    description: Mapping[str, Any]
    """What DescribeHyperParameterTuningJob says."""
    record: Mapping[str, Any] = field(default_factory=dict)
    """`run.json`, what it was made of; empty where there is none."""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The tuning job's name."""
        return TUNING_JOB.name_of(self.description)

    @property
    def arn(self) -> str:
        """The tuning job's ARN."""
        return TUNING_JOB.arn_of(self.description)

    @property
    def status(self) -> str:
        """Its status, as SageMaker has it."""
        return TUNING_JOB.status_of(self.description)

    @property
    def created(self) -> datetime:
        """When it was launched."""
        created: datetime = self.description["CreationTime"]
        return created

    @property
    def ended(self) -> datetime | None:
        """When it ended; None while it is live."""
        end: datetime | None = self.description.get("HyperParameterTuningEndTime")
        return end

    @property
    def config(self) -> Mapping[str, Any]:
        """Its HyperParameterTuningJobConfig."""
        config: Mapping[str, Any] = self.description["HyperParameterTuningJobConfig"]
        return config

    @property
    def objective(self) -> Mapping[str, str]:
        """MetricName, and Type: Minimize or Maximize."""
        objective: Mapping[str, str] = self.config["HyperParameterTuningJobObjective"]
        return objective

    @property
    def ranges(self) -> dict[str, Mapping[str, Any]]:
        """The ranges of the hyperparameters that it tunes, by their names."""
        kinds = self.config.get("ParameterRanges", {}).values()
        return {each["Name"]: each for kind in kinds for each in kind}

    @property
    def request(self) -> Mapping[str, Any]:
        """The training request of its trials."""
        return training_view(self.description)


FoundTuning = tuple[Tuning, Sequence[Trial]]
"""A tuning job, with its trials."""


def tunings_of(clients: Clients, lineage: str, *, warns: bool = False) -> list[Tuning]:
    """The newest tuning jobs of a lineage, the oldest first.

    There are none where the caller may not search, which is printed where `warns` is set, and where
    the service has no tuning jobs: it refuses the search as not valid.
    """
    sagemaker = clients.sagemaker
    try:
        searched, _ = newest_found(sagemaker, equals(f"Tags.{LINEAGE_TAG}", lineage), TUNING_JOB)
    except ClientError as error:
        if is_denied(error):
            if warns:
                print(f"Tuning jobs of {lineage} can't be searched for: {error}")
        elif code_of(error) != "ValidationException":
            raise
        return []
    tagged = ((job, _tags_of(sagemaker, job)) for job in _with_new_ones(sagemaker, searched))
    own = [(job, tags) for job, tags in tagged if tags.get(LINEAGE_TAG) == lineage]
    # What a search shows of a job is late.
    found = [
        (TUNING_JOB.describe(sagemaker, TUNING_JOB.name_of(job)), tags)
        for job, tags in reversed(own[:_MOST_TUNINGS])
    ]
    return [
        Tuning(each, read_json(clients.s3, uri_of(each, RUN_RECORD)), tags)
        for each, tags in found
        if each is not None
    ]


def trials_of(clients: Clients, tuning: Tuning) -> list[Trial]:
    """The trials of a tuning job: from the table that is kept of them, or else as they are now.

    A table also has the trials of the attempts before it, each of which has a table of its own.
    """
    table = read_json(clients.s3, uri_of(tuning.description, TRIALS_TABLE))
    return trials_kept(table) if table else trials.trials_of(clients.sagemaker, tuning.description)


def attempts_of_trials(clients: Clients, tuning: Tuning) -> list[Attempt]:
    """The training jobs of a tuning job's own trials, in the order of their creation."""
    sagemaker = clients.sagemaker
    jobs = islice(all_found(sagemaker, equals("TuningJobArn", tuning.arn)), _MOST_TRIALS)
    objectives = {
        each["TrainingJobName"]: objective_in(each) for each in summaries_of(sagemaker, tuning.name)
    }
    return [
        _attempt(sagemaker, job, tuning, objectives.get(job["TrainingJobName"]))
        for job in sorted(jobs, key=lambda job: job["CreationTime"])
    ]


def _attempt(sagemaker: Any, job: Job, tuning: Tuning, objective: float | None) -> Attempt:
    """A trial's job; a search is late, so one that it does not show as ended is described."""
    now = job if is_terminal(job) else describe(sagemaker, job["TrainingJobName"]) or job
    return Attempt(now, _tags_in(job), tuning.record, objective)


def _with_new_ones(sagemaker: Any, searched: list[Job]) -> list[Job]:
    """These tuning jobs, and all that are too new for a search; only these without the right."""
    try:
        return found_jobs(sagemaker, lambda: searched, TUNING_JOB).jobs
    except ClientError as error:
        if not is_denied(error):
            raise
        return searched


def _tags_of(sagemaker: Any, job: Job) -> dict[str, str]:
    """The tags of a tuning job; none of another stack's, which may not be read."""
    if "Tags" in job:
        return _tags_in(job)
    try:
        return tags_of(sagemaker, TUNING_JOB.arn_of(job))
    except ClientError as error:
        if not is_denied(error):
            raise
        return {}


def _tags_in(job: Job) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in job.get("Tags", [])}
