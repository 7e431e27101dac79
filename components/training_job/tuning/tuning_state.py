"""What is recorded of a tuning job: its inputs, and what the service says of it, without nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from components.training_job.aws.images import digest_in
from components.training_job.request.cost import UNKNOWN_COST, Cost
from components.training_job.run.job_state import (
    RECORDED_ONLY,
    REPORTED_AS,
    instances_in,
    model_uri,
)
from components.training_job.run.outcome import NOT_LAUNCHED
from components.training_job.tuning.attempts import attempt_number
from components.training_job.tuning.trials import (
    Trial,
    best_of,
    cost_of,
    objective_in,
    of_the_script,
)
from components.training_job.tuning.tuning_outcome import outcome_of

State = dict[str, Any]

UNKNOWN_VALUE = "unknown"
"""The objective's value as long as no trial has completed; it is never zero."""

_COUNTERS = {
    "completed": ("TrainingJobStatusCounters", "Completed"),
    "in_progress": ("TrainingJobStatusCounters", "InProgress"),
    "retryable_error": ("TrainingJobStatusCounters", "RetryableError"),
    "non_retryable_error": ("TrainingJobStatusCounters", "NonRetryableError"),
    "stopped": ("TrainingJobStatusCounters", "Stopped"),
    "objective_succeeded": ("ObjectiveStatusCounters", "Succeeded"),
    "objective_pending": ("ObjectiveStatusCounters", "Pending"),
    "objective_failed": ("ObjectiveStatusCounters", "Failed"),
}


@dataclass(frozen=True, kw_only=True)
class TuningState:
    """What is recorded of a job that is tuned, beside its inputs: the outputs of the resource.

    A default stands for what an older state lacks: no output is ever null.
    """

    tuning_job_name: str = field(default="", metadata={REPORTED_AS: "name"})
    """The tuning job's name, "" while it is not launched."""
    tuning_job_arn: str = field(default="", metadata={REPORTED_AS: "arn"})
    """The tuning job's ARN, "" while it is not launched."""
    status: str = NOT_LAUNCHED
    """NotLaunched, InProgress, Stopping, Stopped, Failed or Completed."""
    outcome: str = ""
    """completed, running, stopped, or the class of the failure; "" while it is not launched."""
    failure_reason: str = ""
    """What SageMaker says of a failure, "" without one."""
    attempt: int = 0
    """Which attempt at its definition the tuning job is, from 1; 0 while it is not launched."""
    tries: int = field(default=0, metadata=RECORDED_ONLY)
    """Which try in a row it is, from 1; 0 while it is not launched."""
    nothing_left: bool = field(default=False, metadata=RECORDED_ONLY)
    """Whether it was to go on, and enough trials had succeeded already."""
    image_digest: str = ""
    """The digest of the image that it was launched with, "" where only its tag is known."""
    instance_type: str = ""
    """What each trial runs on."""
    instance_count: int = 0
    """The number of instances of each trial."""
    counters: dict[str, int] = field(default_factory=dict)
    """Its trials by status (completed, in_progress, retryable_error, non_retryable_error, stopped)
    and by that of their objective (objective_succeeded, objective_pending, objective_failed)."""
    best_training_job: str = ""
    """The best trial of all attempts, "" as long as none has completed."""
    best_hyperparameters: dict[str, str] = field(default_factory=dict)
    """The hyperparameters of the best trial."""
    objective_metric: str = ""
    """The metric that says how good a trial is."""
    objective_value: float | str = UNKNOWN_VALUE
    """The best trial's value of it, where one has completed."""
    model_uri: str = ""
    """Where the model of the best trial is: s3://…/model.tar.gz, or s3://…/model/."""
    checkpoint_uri: str = ""
    """The S3 prefix of the trials' checkpoints, "" for a job that keeps none."""
    trials_uri: str = ""
    """Where the table of its trials is, trials.json in S3; "" until it has ended."""
    warm_start_parents: list[str] = field(default_factory=list)
    """The tuning jobs that it learns from."""
    warm_start_type: str = ""
    """IdenticalDataAndAlgorithm or TransferLearning, "" for one that learns from none."""
    interruptions: int = 0
    """How often the service took spot instances of trials back, in all attempts."""
    training_seconds: int = 0
    """Seconds of training, of all trials of all attempts."""
    billable_seconds: int = 0
    """Seconds billed for each instance, of all trials of all attempts, less the spot discount."""
    cost_usd: Cost = UNKNOWN_COST
    """What the trials of all attempts that have ended have cost, in USD, where that is known."""


@dataclass(frozen=True, kw_only=True)
class LaunchFacts:
    """What is known of a tuning job at its launch, and no description says."""

    tries: int
    """Which try in a row it is, from 1."""
    nothing_left: bool = False
    """Whether it was to go on, and enough trials had succeeded already."""

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> LaunchFacts:
        """The facts that a state recorded."""
        return cls(tries=state["tries"], nothing_left=state["nothing_left"])


def not_launched(inputs: State) -> State:
    """The state of a job that is registered and not launched."""
    request = inputs["request"]
    state = TuningState(
        objective_metric=_objective(inputs["tuning"])["MetricName"],
        checkpoint_uri=request.get("CheckpointConfig", {}).get("S3Uri", ""),
        cost_usd=0,
        **instances_in(request["ResourceConfig"]),
    )
    return inputs | asdict(state)


def described(
    inputs: State, description: Mapping[str, Any], facts: LaunchFacts, seen: State
) -> State:
    """The state of a tuning job that was launched; `seen` is what `progress` says of it."""
    definition = description["TrainingJobDefinition"]
    warm = description.get("WarmStartConfig", {})
    parents = warm.get("ParentHyperParameterTuningJobs", [])
    state = TuningState(
        tuning_job_name=description["HyperParameterTuningJobName"],
        tuning_job_arn=description["HyperParameterTuningJobArn"],
        attempt=attempt_number(description["HyperParameterTuningJobName"]),
        tries=facts.tries,
        nothing_left=facts.nothing_left,
        image_digest=digest_in(definition),
        objective_metric=_objective(description["HyperParameterTuningJobConfig"])["MetricName"],
        checkpoint_uri=definition.get("CheckpointConfig", {}).get("S3Uri", ""),
        warm_start_parents=[each["HyperParameterTuningJobName"] for each in parents],
        warm_start_type=warm.get("WarmStartType", ""),
        **seen,
    )
    return inputs | asdict(state)


def progress(
    description: Mapping[str, Any],
    trials: Sequence[Trial] | None,
    trials_uri: str,
    *,
    nothing_left: bool = False,
) -> State:
    """The part of the state that changes while a tuning job runs, and what its trials run on.

    `trials` are those of all attempts at its definition, None where they can't be read.
    """
    return {
        "status": description["HyperParameterTuningJobStatus"],
        "outcome": outcome_of(description, nothing_left=nothing_left),
        "failure_reason": description.get("FailureReason", ""),
        "counters": counters_of(description),
        "trials_uri": trials_uri,
        **instances_in(description["TrainingJobDefinition"]["ResourceConfig"]),
        **_best(description, trials),
        **_used(trials),
    }


def progress_line(description: Mapping[str, Any]) -> str:
    """How far a tuning job is, in words: its status, its trials, the best so far."""
    counters = counters_of(description)
    limits = description["HyperParameterTuningJobConfig"]["ResourceLimits"]
    most = limits.get("MaxNumberOfTrainingJobs")
    ended = sum(counters[name] for name in ("completed", "stopped", "non_retryable_error"))
    of_most = f" of {most}" if most else ""
    line = (
        f"{description['HyperParameterTuningJobStatus']}: {ended}{of_most} trials ended, "
        f"{counters['in_progress']} running"
    )
    failed = counters["non_retryable_error"]
    best = description.get("BestTrainingJob", {})
    value = objective_in(best)
    metric = _objective(description["HyperParameterTuningJobConfig"])["MetricName"]
    return (
        line
        + (f", {failed} failed" if failed else "")
        + (f"; best {metric} = {value:g}" if value is not None else "")
    )


def counters_of(description: Mapping[str, Any]) -> dict[str, int]:
    """The numbers of a tuning job's trials by their statuses."""
    return {
        name: int(description.get(member, {}).get(key, 0))
        for name, (member, key) in _COUNTERS.items()
    }


def is_recorded_whole(state: Mapping[str, Any]) -> bool:
    """Whether all that can be known of a tuning job that has ended is in its state."""
    return bool(state["trials_uri"])


def _best(description: Mapping[str, Any], trials: Sequence[Trial] | None) -> State:
    """The outputs of the best trial; where trials can't be read, what the service says of it."""
    config, definition = (
        description[key] for key in ("HyperParameterTuningJobConfig", "TrainingJobDefinition")
    )
    if trials is None:
        return _best_of_service(description)
    best = best_of(trials, _objective(config)["Type"])
    if best is None or best.objective is None:
        return {}
    return {
        "best_training_job": best.name,
        "best_hyperparameters": dict(best.hyperparameters),
        "objective_value": best.objective,
        "model_uri": model_uri(definition["OutputDataConfig"], best.name),
    }


def _best_of_service(description: Mapping[str, Any]) -> State:
    best, definition = description.get("BestTrainingJob", {}), description["TrainingJobDefinition"]
    value = objective_in(best)
    if value is None:
        return {}
    parameters = definition.get("StaticHyperParameters", {}) | best["TunedHyperParameters"]
    return {
        "best_training_job": best["TrainingJobName"],
        "best_hyperparameters": of_the_script(parameters),
        "objective_value": value,
        "model_uri": model_uri(definition["OutputDataConfig"], best["TrainingJobName"]),
    }


def _used(trials: Sequence[Trial] | None) -> State:
    if trials is None:
        return {}
    return {
        "interruptions": sum(each.interruptions for each in trials),
        "training_seconds": sum(each.seconds for each in trials),
        "billable_seconds": sum(each.billable_seconds for each in trials),
        "cost_usd": cost_of(trials),
    }


def _objective(config: Mapping[str, Any]) -> Mapping[str, Any]:
    objective: Mapping[str, Any] = config["HyperParameterTuningJobObjective"]
    return objective
