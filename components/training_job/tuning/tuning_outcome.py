"""How a tuning job ended, from what the service says of it, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.run.outcome import LIVE_STATUSES
from components.training_job.tuning.attempts import succeeded_in

_NO_TRIAL = "training job"
"""What the service's reason names where trials are why a tuning job failed, as in "No training job
succeeded after 5 attempts"; there is no code for it."""

_REMEDIES = {
    "trials failed": "read the trials' reasons and logs above, correct the script or the ranges, "
    "and run `pulumi up` again: a changed source or range is launched as a new tuning job that "
    "knows the trials that succeeded",
    "request error": "correct what the reason names (inputs, image, key or role) and give the job"
    " another runId, as in `runId: again`",
    "service error": "give the job another runId, as in `runId: again`, or relaunch: onFailure "
    "and run `pulumi up --refresh`",
    "stopped": "it was stopped from outside of the stack: give the job another runId, as in "
    "`runId: again`, to go on with what its trials have shown, or paused: true to leave it "
    "stopped",
}


def has_ended(description: Mapping[str, Any]) -> bool:
    """Whether the tuning job has ended."""
    return TUNING_JOB.status_of(description) not in LIVE_STATUSES


def outcome_of(description: Mapping[str, Any], *, nothing_left: bool = False) -> str:
    """The class of the tuning job's end: completed, a reason for its failure, or running.

    One that was stopped after its last trial had succeeded is complete. So is one that only its
    time limits, once that is over. `nothing_left` says that it was to go on, and that enough trials
    had succeeded already.
    """
    status = TUNING_JOB.status_of(description)
    if status in LIVE_STATUSES:
        return "running"
    if status == "Completed" or nothing_left:
        return "completed"
    if status == "Failed":
        return _failure_class(str(description.get("FailureReason", "")))
    limits = description.get("HyperParameterTuningJobConfig", {}).get("ResourceLimits", {})
    most = limits.get("MaxNumberOfTrainingJobs")
    if most is None:
        is_whole = succeeded_in(description) > 0 and _is_time_over(description, limits)
    else:
        is_whole = succeeded_in(description) >= most
    return "completed" if is_whole else "stopped"


def remedy_for(outcome: str) -> str:
    """What a person can do about a tuning job that ended this way."""
    return _REMEDIES[outcome]


def _is_time_over(description: Mapping[str, Any], limits: Mapping[str, Any]) -> bool:
    """Whether a tuning job that was stopped had all of its time; the service gives no reason."""
    start, end = description.get("CreationTime"), description.get("HyperParameterTuningEndTime")
    seconds = limits.get("MaxRuntimeInSeconds")
    if start is None or end is None or seconds is None:
        return False
    return bool(end - start >= timedelta(seconds=seconds))


def _failure_class(reason: str) -> str:
    if _NO_TRIAL in reason.lower():
        return "trials failed"
    return "request error" if reason.startswith("ClientError") else "service error"
