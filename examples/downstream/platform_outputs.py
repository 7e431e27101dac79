"""Reads what the stack of a training platform exports, for Pulumi programs that build on it.

    platform = PlatformOutputs("organization/sagemaker-training/research-prod")
    uri = platform.model("llm-finetune").apply(lambda model: model.model_uri)

It needs only Pulumi, so this one file can be copied into another project. If an output is missing
or has another type, the program's preview fails, and the message names the stack, the output and
the outputs that exist.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import pulumi

__all__ = [
    "ModelOutputs",
    "PlatformOutputError",
    "PlatformOutputs",
    "TrainingJobOutputs",
    "TuningJobOutputs",
]

T = TypeVar("T")
U = TypeVar("U")


class PlatformOutputError(pulumi.RunError):
    """An output is missing or has another type; the message is shown without a traceback."""


@dataclass(frozen=True)
class TrainingJobOutputs:
    """One training job, as its stack knew it at its last `pulumi up`."""

    # Written by `python -m development configuration` from here
    name: str
    """The job's name, "" while it is not launched."""
    arn: str
    """The job's ARN, "" while it is not launched."""
    status: str
    """NotLaunched, InProgress, Stopping, Stopped, Failed or Completed."""
    secondary_status: str
    """What the job does within its status, as Training or Uploading."""
    outcome: str
    """completed, running, stopped, or the class of the failure; "" while it is not launched."""
    failure_reason: str
    """What SageMaker says of a failure, or that maxPending was over; "" without either."""
    attempt: int
    """Which attempt at its definition the job is, from 1; 0 while it is not launched."""
    interruptions: int
    """How often the service took the job's spot instances back."""
    image_digest: str
    """The digest of the image that the job was launched with, "" where only its tag is known."""
    instance_type: str
    """What the job runs on: the types of several groups with commas, preferences with "or"."""
    instance_count: int
    """The number of instances, of all types; of preferences the largest, until one is selected."""
    model_uri: str
    """Where the model is once the job is Completed: s3://…/model.tar.gz, or s3://…/model/."""
    checkpoint_uri: str
    """The S3 prefix of the checkpoints, "" for a job that keeps none."""
    training_seconds: int
    """Seconds of training."""
    billable_seconds: int
    """Seconds billed for each instance, less the spot discount."""
    cost_usd: float | None
    """What the job has cost, in USD for all instances, where that is known."""
    lineage: str
    """The chain of jobs that continue one another, through one checkpoint prefix."""
    expected_cost_usd: float | None
    """What the job is likely to cost if it takes all its time, in USD, where that is known."""
    cost_ceiling_usd: float | None
    """The most that all attempts can cost, in USD for all instances, where that is known."""
    metrics: dict[str, float]
    """The last value of each metric, once the stack has waited for the job's end."""
    training_instance_seconds: int
    """Seconds of training, of all instances together."""
    billable_instance_seconds: int
    """Seconds billed, of all instances together."""
    savings_percent: float
    """What managed spot saved, in percent of the on-demand cost."""
    console_url: str
    """The job in the console, "" while it is not launched."""
    log_url: str
    """The job's log in the console, "" while it is not launched."""
    # to here.


@dataclass(frozen=True)
class TuningJobOutputs:
    """One job that is tuned, as its stack knew it at its last `pulumi up`."""

    # Written by `python -m development configuration` from here
    name: str
    """The tuning job's name, "" while it is not launched."""
    arn: str
    """The tuning job's ARN, "" while it is not launched."""
    status: str
    """NotLaunched, InProgress, Stopping, Stopped, Failed or Completed."""
    outcome: str
    """completed, running, stopped, or the class of the failure; "" while it is not launched."""
    failure_reason: str
    """What SageMaker says of a failure, "" without one."""
    attempt: int
    """Which attempt at its definition the tuning job is, from 1; 0 while it is not launched."""
    image_digest: str
    """The digest of the image that it was launched with, "" where only its tag is known."""
    instance_type: str
    """What each trial runs on."""
    instance_count: int
    """The number of instances of each trial."""
    counters: dict[str, int]
    """Its trials by status (completed, in_progress, retryable_error, non_retryable_error, stopped)
    and by that of their objective (objective_succeeded, objective_pending, objective_failed)."""
    best_training_job: str
    """The best trial of all attempts, "" as long as none has completed."""
    best_hyperparameters: dict[str, str]
    """The hyperparameters of the best trial."""
    objective_metric: str
    """The metric that says how good a trial is."""
    objective_value: float | None
    """The best trial's value of it, where one has completed."""
    model_uri: str
    """Where the model of the best trial is: s3://…/model.tar.gz, or s3://…/model/."""
    checkpoint_uri: str
    """The S3 prefix of the trials' checkpoints, "" for a job that keeps none."""
    trials_uri: str
    """Where the table of its trials is, trials.json in S3; "" until it has ended."""
    warm_start_parents: list[str]
    """The tuning jobs that it learns from."""
    warm_start_type: str
    """IdenticalDataAndAlgorithm or TransferLearning, "" for one that learns from none."""
    interruptions: int
    """How often the service took spot instances of trials back, in all attempts."""
    training_seconds: int
    """Seconds of training, of all trials of all attempts."""
    billable_seconds: int
    """Seconds billed for each instance, of all trials of all attempts, less the spot discount."""
    cost_usd: float | None
    """What the trials of all attempts that have ended have cost, in USD, where that is known."""
    lineage: str
    """The chain of tuning jobs that learn from one another."""
    expected_cost_usd: float | None
    """What all trials are likely to cost if they take all their time, in USD, where that is
    known."""
    cost_ceiling_usd: float | None
    """The most that all attempts can cost, in USD for all trials, where that is known."""
    console_url: str
    """The tuning job in the console, "" while it is not launched."""
    log_url: str
    """The logs of its trials in the console, "" while it is not launched."""
    # to here.


@dataclass(frozen=True)
class ModelOutputs:
    """The model of a job that has completed; of a job that is tuned, that of its best trial."""

    training_job: str
    """The name of the training job that made it."""
    training_job_arn: str
    """That training job's ARN."""
    model_uri: str
    """Where it is: s3://…/model.tar.gz, or s3://…/model/."""
    metrics: dict[str, float]
    """The last value of each metric; of a trial, only of the objective."""
    tuning_job: str = ""
    """The name of the tuning job, "" for a job that is not tuned."""
    hyperparameters: dict[str, str] = field(default_factory=dict)
    """The hyperparameters of the best trial, none for a job that is not tuned."""


class PlatformOutputs:
    """The outputs of one stack of the platform. Each is looked up when it is read."""

    def __init__(self, stack: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """The outputs of `stack`, given in full: `<organization>/<project>/<stack>`."""
        self._stack = stack
        self._outputs = pulumi.StackReference(stack, opts=opts).outputs

    @property
    def sagemaker_execution_role_arn(self) -> pulumi.Output[str]:
        """The role that SageMaker acts as when it runs the jobs."""
        return self._output("sagemaker_execution_role_arn", _text)

    @property
    def artifact_bucket_name(self) -> pulumi.Output[str]:
        """The bucket of checkpoints, models, sources and inputs."""
        return self._output("artifact_bucket_name", _text)

    @property
    def artifact_key_arn(self) -> pulumi.Output[str]:
        """The key that encrypts the bucket."""
        return self._output("artifact_key_arn", _text)

    @property
    def vpc_id(self) -> pulumi.Output[str]:
        """The VPC that the jobs run in."""
        return self._output("vpc_id", _text)

    @property
    def private_subnet_ids(self) -> pulumi.Output[list[str]]:
        """The subnets that the jobs run in."""
        return self._output("private_subnet_ids", _texts)

    @property
    def training_security_group_id(self) -> pulumi.Output[str]:
        """The security group of the jobs' instances."""
        return self._output("training_security_group_id", _text)

    @property
    def deployer_role_arn(self) -> pulumi.Output[str]:
        """The role for the pipeline that deploys the stack, "" where there is none."""
        return self._output("deployer_role_arn", _text)

    @property
    def training_job_name(self) -> pulumi.Output[str]:
        """The only launched job's name, "" where none or several are launched."""
        return self._output("training_job_name", _text)

    @property
    def training_cost_usd(self) -> pulumi.Output[dict[str, float | None]]:
        """All jobs' `ceiling`, `expected` and newest jobs' `billed` cost in USD, or None."""
        return self._output("training_cost_usd", _costs)

    @property
    def tracking(self) -> pulumi.Output[dict[str, str]]:
        """Where metrics are shown: `mlflow` or `weightsAndBiases`, `experiment`; may be empty."""
        return self._from_source(
            lambda source: (
                source.read("tracking", _named_texts) if "tracking" in source.values else {}
            )
        )

    @property
    def training_jobs(self) -> pulumi.Output[dict[str, TrainingJobOutputs]]:
        """The stack's jobs that are not tuned, by their names in its settings."""
        return self._from_source(lambda source: source.jobs())

    @property
    def tuning_jobs(self) -> pulumi.Output[dict[str, TuningJobOutputs]]:
        """The stack's jobs that are tuned, by their names in its settings."""
        return self._from_source(lambda source: source.tuning_jobs())

    def job(self, name: str) -> pulumi.Output[TrainingJobOutputs]:
        """The job with this name in the stack's settings.

        Raises:
            PlatformOutputError: in the output; there is no such job.
        """
        return self._from_source(lambda source: source.job(name))

    def completed_job(self, name: str) -> pulumi.Output[TrainingJobOutputs]:
        """The job with this name in the stack's settings, whose model can be taken.

        Raises:
            PlatformOutputError: in the output; there is no such job, or it is not Completed.
        """
        return self._from_source(lambda source: source.completed_job(name))

    def tuning_job(self, name: str) -> pulumi.Output[TuningJobOutputs]:
        """The job with this name in the stack's settings, which is tuned.

        Raises:
            PlatformOutputError: in the output; there is no such job.
        """
        return self._from_source(lambda source: source.tuning_job(name))

    def completed_tuning(self, name: str) -> pulumi.Output[TuningJobOutputs]:
        """The job with this name in the stack's settings, which is tuned and has a best trial.

        Raises:
            PlatformOutputError: in the output; there is no such job, or it is not Completed.
        """
        return self._from_source(lambda source: source.completed_tuning(name))

    def model(self, name: str) -> pulumi.Output[ModelOutputs]:
        """The model of the job with this name in the stack's settings, whether or not it is tuned.

        Raises:
            PlatformOutputError: in the output; there is no such job, or it is not Completed.
        """
        return self._from_source(lambda source: source.model(name))

    def _output(self, name: str, read: Callable[[Any], T]) -> pulumi.Output[T]:
        return self._from_source(lambda source: source.read(name, read))

    def _from_source(self, look_up: Callable[[_Source], U]) -> pulumi.Output[U]:
        outputs: pulumi.Output[dict[str, Any]] = self._outputs
        return outputs.apply(lambda values: look_up(_Source(self._stack, values or {})))


_TRAINED, _TUNED = "training_jobs", "tuning_jobs"


@dataclass(frozen=True)
class _Source:
    """Values by their names, and how a message names them: outputs, or a job's fields."""

    stack: str
    values: Mapping[str, Any]
    prefix: str = ""

    def read(self, name: str, read: Callable[[Any], T]) -> T:
        path = self.prefix + name
        if name not in self.values:
            raise PlatformOutputError(
                f"The stack {self.stack} has no output {path}. {self._what_there_is()}\n"
                f"Remedy: bring it up with a version of the platform that exports {path}."
            )
        try:
            return read(self.values[name])
        except TypeError as error:
            shown = json.dumps(self.values[name], default=str)
            raise PlatformOutputError(
                f"The output {path} of the stack {self.stack} is {shown}, which is not {error}.\n"
                "Remedy: read it with the platform_outputs.py of the version that exported it."
            ) from error

    def jobs(self) -> dict[str, TrainingJobOutputs]:
        names = sorted(self.read(_TRAINED, _mapping))
        return {name: self.job(name) for name in names}

    def tuning_jobs(self) -> dict[str, TuningJobOutputs]:
        names = sorted(self.read(_TUNED, _mapping))
        return {name: self.tuning_job(name) for name in names}

    def job(self, name: str) -> TrainingJobOutputs:
        return TrainingJobOutputs(**self._read_job(_TRAINED, name, TrainingJobOutputs))

    def tuning_job(self, name: str) -> TuningJobOutputs:
        return TuningJobOutputs(**self._read_job(_TUNED, name, TuningJobOutputs))

    def completed_job(self, name: str) -> TrainingJobOutputs:
        job = self.job(name)
        if job.status != "Completed":
            raise self._not_completed(name, job)
        return job

    def completed_tuning(self, name: str) -> TuningJobOutputs:
        job = self.tuning_job(name)
        # One that was stopped when all its trials had succeeded is complete too.
        if job.outcome != "completed" or not job.best_training_job:
            raise self._not_completed(name, job)
        return job

    def model(self, name: str) -> ModelOutputs:
        if name in self._names_in(_TUNED):
            return _model_of_best(self.completed_tuning(name))
        job = self.completed_job(name)
        return ModelOutputs(job.name, job.arn, job.model_uri, job.metrics)

    def _not_completed(
        self, name: str, job: TrainingJobOutputs | TuningJobOutputs
    ) -> PlatformOutputError:
        reason = f": {job.failure_reason}" if job.failure_reason else ""
        return PlatformOutputError(
            f"The job {name} of the stack {self.stack} is {job.status}{reason}. A model is "
            "taken only from a job that is Completed.\n"
            "Remedy: once it has completed, run `pulumi up --refresh` on that stack, then this "
            "again."
        )

    def _names_in(self, output: str) -> list[str]:
        """The names of the jobs in an output, none where an older version does not export it."""
        return list(self.read(output, _mapping)) if output in self.values else []

    def _read_job(self, output: str, name: str, kind: type[Any]) -> dict[str, Any]:
        names = self.read(output, _mapping)
        if name not in names:
            jobs = [each for kind in (_TRAINED, _TUNED) for each in self._names_in(kind)]
            tuned = {_TRAINED: "that is not tuned", _TUNED: "that is tuned"}[output]
            which = f" {tuned}" if name in jobs else ""
            raise PlatformOutputError(
                f"The stack {self.stack} has no job {name}{which}. Its jobs are: {_listed(jobs)}.\n"
                "Remedy: name one of them."
            )
        job = _Source(self.stack, names, f"{output}.")
        source = _Source(self.stack, job.read(name, _mapping), f"{output}.{name}.")
        return {
            field.name: source.read(field.name, _READERS[str(field.type)]) for field in fields(kind)
        }

    def _what_there_is(self) -> str:
        if not self.values:
            return "It has no outputs at all: it was never brought up, or it is destroyed."
        return f"It has: {_listed(self.prefix + name for name in self.values)}."


def _model_of_best(job: TuningJobOutputs) -> ModelOutputs:
    """The model of a tuned job's best trial, which is a training job beside the tuning job."""
    arn = job.arn.partition(":hyper-parameter-tuning-job/")[0]
    metrics = {} if job.objective_value is None else {job.objective_metric: job.objective_value}
    return ModelOutputs(
        job.best_training_job,
        f"{arn}:training-job/{job.best_training_job}",
        job.model_uri,
        metrics,
        job.name,
        job.best_hyperparameters,
    )


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _texts(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("a list of texts")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("a number")
    return float(value)


def _whole_number(value: Any) -> int:
    """A whole number from a float, as all numbers in outputs are."""
    if not _number(value).is_integer():
        raise TypeError("a whole number")
    return int(value)


def _cost(value: Any) -> float | None:
    return None if value in ("unknown", "prepaid") else _number(value)


def _costs(value: Any) -> dict[str, float | None]:
    return {name: _cost(each) for name, each in _mapping(value).items()}


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError("a mapping")
    return value


def _whole_numbers(value: Any) -> dict[str, int]:
    return {name: _whole_number(each) for name, each in _mapping(value).items()}


def _named_texts(value: Any) -> dict[str, str]:
    return {name: _text(each) for name, each in _mapping(value).items()}


def _numbers(value: Any) -> dict[str, float]:
    return {name: _number(each) for name, each in _mapping(value).items()}


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole_number,
    "float": _number,
    "float | None": _cost,
    "dict[str, float]": _numbers,
    "dict[str, int]": _whole_numbers,
    "dict[str, str]": _named_texts,
    "list[str]": _texts,
}
"""The functions that read a job's fields, by the types that are written above."""
