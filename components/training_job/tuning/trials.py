"""The trials of a tuning job: the training jobs that it starts, one for each choice of values.

boto3, no Pulumi. Trials are the service's: they are read here, and never launched or stopped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from components.training_job.aws.errors import is_denied
from components.training_job.aws.found_jobs import Job, all_found, equals
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.request.cost import UNKNOWN_COST, Cost, billed_cost, total_of
from components.training_job.run.outcome import TERMINAL_STATUSES
from components.training_job.run.service_record import describe
from components.training_job.tuning.attempts import earlier_names

_AT_ONCE = 4
_PAGE = 100
_NOT_THE_SCRIPTS = ("_", "sagemaker_")
"""What the names of hyperparameters begin with that the service, or the launcher's start, adds."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial. What is not known yet of one that runs is 0, "" or None."""

    name: str
    """The name of its training job."""
    status: str
    """TrainingJobStatus."""
    objective: float | None = None
    """The objective's value, None for a trial without."""
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    """All hyperparameters that the script got."""
    started: str = ""
    """When its training began, in UTC as in ISO 8601."""
    seconds: int = 0
    """Seconds of training."""
    billable_seconds: int = 0
    """Seconds billed for each instance, less the spot discount."""
    cost_usd: Cost = 0
    """What it has cost, in USD for all instances; 0 until it has ended."""
    interruptions: int = 0
    """How often the service took its spot instances back."""
    failure_reason: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether its training job has ended."""
        return self.status in TERMINAL_STATUSES

    @property
    def counts(self) -> bool:
        """Whether it completed with a value of the objective, so that it can be the best."""
        return self.status == "Completed" and self.objective is not None


def trials_of(client: Any, tuning: Mapping[str, Any]) -> list[Trial]:
    """All trials of a tuning job, by its description, in the order of their start.

    The list decides which there are. What was billed is in the records that a search returns, a
    hundred a call. A trial that it does not show as ended yet is described.
    """
    summaries = list(summaries_of(client, tuning["HyperParameterTuningJobName"]))
    ended = any(each["TrainingJobStatus"] in TERMINAL_STATUSES for each in summaries)
    records = _records(client, tuning["HyperParameterTuningJobArn"]) if ended else {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        details = pool.map(partial(_details, client, records), summaries)
    definition = tuning["TrainingJobDefinition"]
    return [_trial(*each, definition) for each in zip(summaries, details, strict=True)]


def trials_of_all_attempts(client: Any, tuning: Mapping[str, Any]) -> list[Trial]:
    """The trials of a tuning job, after those of the attempts before it at the same definition.

    Those of a record that is gone are not known.
    """
    names = earlier_names(TUNING_JOB.name_of(tuning))
    earlier = (TUNING_JOB.describe(client, each) for each in names)
    attempts = [*(each for each in earlier if each), tuning]
    return [trial for each in attempts for trial in trials_of(client, each)]


def best_first(trials: Iterable[Trial], objective_type: str) -> list[Trial]:
    """The trials by their objectives: first those that count, at last those without one.

    `objective_type` is Minimize or Maximize.
    """
    sign = 1 if objective_type == "Minimize" else -1

    def place(trial: Trial) -> tuple[bool, bool, float]:
        return trial.objective is None, not trial.counts, sign * (trial.objective or 0)

    return sorted(trials, key=place)


def best_of(trials: Iterable[Trial], objective_type: str) -> Trial | None:
    """The trial that completed with the best objective; None where none has."""
    return next((each for each in best_first(trials, objective_type) if each.counts), None)


def cost_of(trials: Sequence[Trial]) -> Cost:
    """What trials that have ended have cost together, in USD."""
    return total_of(each.cost_usd for each in trials)


def of_the_script(parameters: Mapping[str, str]) -> dict[str, str]:
    """The hyperparameters that the script got."""
    return {
        name: value
        for name, value in sorted(parameters.items())
        if not name.startswith(_NOT_THE_SCRIPTS)
    }


def objective_in(summary: Mapping[str, Any]) -> float | None:
    """The objective's last value in a trial's summary; None where it has none, or no number."""
    metric = summary.get("FinalHyperParameterTuningJobObjectiveMetric")
    value = math.nan if metric is None else float(metric["Value"])
    return value if math.isfinite(value) else None


def summaries_of(client: Any, name: str, status: str = "") -> Iterable[Job]:
    """The summaries of a tuning job's trials, oldest first; those of one status, if any."""
    of_status = {"StatusEquals": status} if status else {}
    pages = client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name,
        SortBy="CreationTime",
        SortOrder="Ascending",
        MaxResults=_PAGE,
        **of_status,
    )
    return (job for page in pages for job in page["TrainingJobSummaries"])


def _records(client: Any, tuning_arn: str) -> dict[str, Job]:
    """What a search shows of the trials, by name; nothing where it may not be made."""
    try:
        found = all_found(client, equals("TuningJobArn", tuning_arn))
        return {each["TrainingJobName"]: each for each in found}
    except client.exceptions.ClientError as error:
        if not is_denied(error):
            raise
        return {}


def _details(client: Any, records: Mapping[str, Job], summary: Job) -> Job:
    """The record of a trial that has ended; nothing where it has not, or the record is gone."""
    name = summary["TrainingJobName"]
    if summary["TrainingJobStatus"] not in TERMINAL_STATUSES:
        return {}
    record = records.get(name, {})
    if record.get("TrainingJobStatus") in TERMINAL_STATUSES:
        return record
    return describe(client, name) or {}


def _trial(summary: Job, details: Job, definition: Mapping[str, Any]) -> Trial:
    training = int(details.get("TrainingTimeInSeconds", 0))
    billable = int(details.get("BillableTimeInSeconds", training))
    visits = details.get("SecondaryStatusTransitions", [])
    resources = details.get("ResourceConfig", definition["ResourceConfig"])
    ended = summary["TrainingJobStatus"] in TERMINAL_STATUSES
    parameters = definition.get("StaticHyperParameters", {}) | summary["TunedHyperParameters"]
    return Trial(
        name=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        objective=objective_in(summary),
        hyperparameters=of_the_script(parameters),
        started=_text_of(summary.get("TrainingStartTime")),
        seconds=training,
        billable_seconds=billable,
        cost_usd=_cost(resources, billable, ended=ended, known=bool(details)),
        interruptions=sum(visit["Status"] == "Interrupted" for visit in visits),
        failure_reason=summary.get("FailureReason", ""),
    )


def _cost(resources: Mapping[str, Any], billable: int, *, ended: bool, known: bool) -> Cost:
    if not ended:
        return 0
    return billed_cost(resources, billable) if known else UNKNOWN_COST


def _text_of(time: datetime | None) -> str:
    return "" if time is None else time.astimezone(UTC).isoformat(timespec="seconds")
