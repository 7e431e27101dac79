"""Statuses, times and bills of a training job: pure functions of its record."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from localcloud.sagemaker.jobs.instances import instance_groups, instance_types
from localcloud.sagemaker.jobs.records import TrainingJob, Transition

MESSAGES = {
    "Starting": "Starting the training job",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Interrupted": "The spot instances were reclaimed",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}
LAUNCHING = "Launching requested ML instances"
PREPARING = "Preparing the instances for training"

TERMINAL = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "MaxWaitTimeExceeded": "Stopped",
}
"""The job's status for each secondary status that ends it."""

DEFAULT_MAX_RUNTIME = 86_400
# Interruption-free spot jobs of public reports were billed for 22 to 40 % of their time.
SPOT_DISCOUNT = 0.7

_WAITING = {"Starting", "Pending", "Interrupted"}


def enter(
    transitions: tuple[Transition, ...], status: str, now: float, message: str = ""
) -> tuple[Transition, ...]:
    """Closes the open row and adds one for `status`; a terminal row ends when it starts."""
    text = message or MESSAGES[status]
    end = now if status in TERMINAL else None
    return (*_close(transitions, now), Transition(status, now, text, end))


def say(transitions: tuple[Transition, ...], message: str) -> tuple[Transition, ...]:
    """Replaces the message of the open row, as SageMaker does within a status."""
    return (*transitions[:-1], replace(transitions[-1], message=message))


def _close(transitions: tuple[Transition, ...], now: float) -> tuple[Transition, ...]:
    if not transitions or transitions[-1].end is not None:
        return transitions
    return (*transitions[:-1], replace(transitions[-1], end=now))


def secondary_status(job: TrainingJob) -> str:
    """The status of the job's last row."""
    return job.transitions[-1].status


def status(job: TrainingJob) -> str:
    """TrainingJobStatus: a job that was asked to stop is Stopping until it ends."""
    return TERMINAL.get(secondary_status(job), "Stopping" if stopping(job) else "InProgress")


def stopping(job: TrainingJob) -> bool:
    """Whether the job was asked to end, by a call or by a limit."""
    return any(row.status == "Stopping" for row in job.transitions)


def failure_reason(job: TrainingJob) -> str | None:
    """Why the job failed; None if it did not."""
    last = job.transitions[-1]
    return last.message if last.status == "Failed" else None


def ended(job: TrainingJob) -> bool:
    """Whether the job has a terminal status."""
    return secondary_status(job) in TERMINAL


def has_instances(job: TrainingJob) -> bool:
    """Whether the job has instances now."""
    return not ended(job) and secondary_status(job) not in _WAITING


def kept_model(job: TrainingJob) -> bool:
    """Whether the job's end uploads the model, as every end except a failure does."""
    return ended(job) and secondary_status(job) != "Failed"


def training_start(job: TrainingJob) -> float | None:
    """When the job first had its instances; None if it never had."""
    working = (row.start for row in job.transitions if row.status in {"Downloading", "Training"})
    return next(working, None)


def training_end(job: TrainingJob) -> float | None:
    """When the job ended; None while it runs."""
    return job.transitions[-1].start if ended(job) else None


def training_seconds(job: TrainingJob) -> int | None:
    """The seconds on instances, downloads and uploads included, when the job has ended.

    Waiting for instances, at the start or after an interruption, does not count.
    """
    start = training_start(job)
    if start is None or not ended(job):
        return None
    rows = (row for row in job.transitions if row.start >= start and row.status not in _WAITING)
    return math.ceil(sum((row.end or row.start) - row.start for row in rows))


def billable_seconds(job: TrainingJob) -> int | None:
    """The seconds that are billed; for a spot job, with the discount."""
    seconds = training_seconds(job)
    if seconds is None or not job.request.get("EnableManagedSpotTraining"):
        return seconds
    return math.ceil(round(seconds * (1 - SPOT_DISCOUNT), 6))


@dataclass(frozen=True)
class Limit:
    """When a job has to end, and as what."""

    time: float
    status: str


def limits(job: TrainingJob, now: float) -> tuple[Limit, ...]:
    """When maximum runtime, wait and pending time end the job, if it goes on as it is.

    The runtime counts the Training rows of all attempts, the wait counts from the creation, and the
    pending time from when the job began to wait for instances. Only accelerated types have a
    pending time.
    """
    condition: dict[str, Any] = job.request.get("StoppingCondition", {})
    found = []
    if job.transitions[-1].status == "Training":
        left = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME) - _run_so_far(job, now)
        found.append(Limit(now + left, "MaxRuntimeExceeded"))
    pending = condition.get("MaxPendingTimeInSeconds")
    if pending and job.transitions[-1].status == "Starting" and _accelerated(job):
        found.append(Limit(job.transitions[-1].start + pending, "Stopped"))
    if wait := condition.get("MaxWaitTimeInSeconds"):
        found.append(Limit(job.created + wait, "MaxWaitTimeExceeded"))
    return tuple(found)


def end_of_stop(job: TrainingJob) -> str:
    """As what a job that is stopping ends: as the limit that it had reached, or else as Stopped."""
    index = next(index for index, row in enumerate(job.transitions) if row.status == "Stopping")
    asked = job.transitions[index].start
    before = replace(job, transitions=job.transitions[:index])
    reached = [limit for limit in limits(before, asked) if limit.time <= asked]
    return min(reached, key=lambda limit: limit.time).status if reached else "Stopped"


def _accelerated(job: TrainingJob) -> bool:
    groups = instance_groups(job.request)
    return any(instance_types()[group["InstanceType"]].accelerators for group in groups)


def _run_so_far(job: TrainingJob, now: float) -> float:
    rows = [row for row in job.transitions if row.status == "Training"]
    return sum((now if row.end is None else row.end) - row.start for row in rows)
