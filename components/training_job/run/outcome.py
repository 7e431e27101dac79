"""How a training job ended, from what DescribeTrainingJob says, and what to do about it.

A job that ran out of time ends as Stopped, not as Failed; only its secondary status distinguishes
it from one that a person stopped. The status message is for people, and no code depends on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from components.durations import format_duration
from components.site import TRAINING_LOGS
from components.training_job.request.cost import is_prepaid

NOT_LAUNCHED = "NotLaunched"
"""The status of a job that is registered and has no run yet; a word of this program."""

TERMINAL_STATUSES = frozenset({"Completed", "Failed", "Stopped"})

LIVE_STATUSES = ("InProgress", "Stopping")
"""Of a job that holds its instances, and may write to its checkpoints."""

DELETING = "Deleting"
"""The status of a record that is about to vanish; only that of a job that has ended can be."""

# InsufficientCapacityError: AWS's guide names it for a job that waited two days on a training plan.
_FAILURE_CLASSES = {
    "AlgorithmError": "script error",
    "CapacityError": "capacity",
    "ClientError": "request error",
    "InsufficientCapacityError": "capacity",
    "InternalServerError": "service error",
}
_STOP_CLASSES = {"MaxWaitTimeExceeded": "out of wait", "MaxRuntimeExceeded": "out of runtime"}

_WAITING = ("Starting", "Pending")
_STOPPING = ("Stopping", "Stopped")
_COUNTED_EARLIER = timedelta(minutes=1)
"""The service may count a job's waiting from a moment before it shows it; an assumption."""

_REMEDIES = {
    "script error": "read the log above, correct the script, and run `pulumi up` again: a changed"
    " source is launched as a new job that resumes from the newest checkpoint",
    "capacity": "try another instanceType, or spot: false, or raise maxPending, or wait; then "
    "give the job another runId, as in `runId: again`",
    "request error": "correct what the reason names (inputs, image, key or role) and give the job"
    " another runId, as in `runId: again`",
    "service error": "give the job another runId, as in `runId: again`, or relaunch: onFailure "
    "and run `pulumi up --refresh`",
    "out of wait": "raise spot.maxWait, or set spot: false, then give the job another runId, as "
    "in `runId: again`: it resumes from the newest checkpoint",
    "out of runtime": "raise maxRuntime, then give the job another runId, as in `runId: again`: "
    "it resumes from the newest checkpoint",
    # No job is waited for that its settings pause.
    "stopped": "it was stopped from outside of the stack: give the job another runId, as in "
    "`runId: again`, to go on from the newest checkpoint, or paused: true to leave it stopped",
}


def is_terminal(description: Mapping[str, Any]) -> bool:
    """Whether the job has ended."""
    return description["TrainingJobStatus"] in TERMINAL_STATUSES


def is_live(description: Mapping[str, Any]) -> bool:
    """Whether the job holds its instances: it has not ended, nor is its record being deleted."""
    return description["TrainingJobStatus"] in LIVE_STATUSES


def outcome_of(description: Mapping[str, Any]) -> str:
    """The class of the job's end: completed, a reason for its failure, or running."""
    status, secondary = description["TrainingJobStatus"], description.get("SecondaryStatus", "")
    if status == "Completed":
        return "completed"
    if status == "Failed":
        reason = str(description.get("FailureReason", "")).partition(":")[0]
        return _FAILURE_CLASSES.get(reason, "service error")
    if status == "Stopped" and _has_waited_too_long(description):
        return "capacity"
    if status == "Stopped":
        return _STOP_CLASSES.get(secondary, "stopped")
    return "running"


def _has_waited_too_long(description: Mapping[str, Any]) -> bool:
    """Whether a job that was stopped had waited for capacity as long as MaxPendingTimeInSeconds.

    The service has no secondary status for that. A summary, without limits and times, has not. Nor
    has a job on a training plan: waiting for the plan's start does not count for the limit.
    """
    if is_prepaid(description.get("ResourceConfig", {})):
        return False
    limit = description.get("StoppingCondition", {}).get("MaxPendingTimeInSeconds")
    visits = description.get("SecondaryStatusTransitions", [])
    before = [visit for visit in visits if visit["Status"] not in _STOPPING]
    waiting = list(takewhile(lambda visit: visit["Status"] in _WAITING, reversed(before)))
    if limit is None or not waiting:
        return False
    since = waiting[-1]["StartTime"]
    waited: timedelta = waiting[0].get("EndTime", since) - since
    return waited >= timedelta(seconds=limit) - _COUNTED_EARLIER


def reason_of(description: Mapping[str, Any]) -> str:
    """Why the job failed or found no capacity; "" where the service does not say.

    The service gives no reason for the end of a job that has waited too long.
    """
    reason = str(description.get("FailureReason", ""))
    if not reason and outcome_of(description) == "capacity":
        limit = format_duration(description["StoppingCondition"]["MaxPendingTimeInSeconds"])
        return f"it waited for capacity for {limit}, as long as maxPending allows"
    return reason


def ending_of(name: str, status: str, outcome: str, reason: str) -> str:
    """How a job ended, in one line, which says nothing twice.

    >>> ending_of("a-1", "Stopped", "stopped", "Stopped")
    'a-1 ended as Stopped'
    """
    kind = "" if outcome == status.lower() else f" ({outcome})"
    because = "" if reason in ("", status) else f": {reason}"
    return f"{name} ended as {status}{kind}{because}"


def end_of(description: Mapping[str, Any]) -> datetime:
    """When a training job ended; one that never trained has only the time of its last change."""
    end: datetime = description.get("TrainingEndTime") or description["LastModifiedTime"]
    return end


def ages_of(created: datetime, ended: datetime) -> str:
    """How long ago a job was launched and ended: an update may report one that ended before it.

    >>> ages_of(datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) - timedelta(minutes=5))
    'It was launched 2h ago, and ended 5m ago.'
    """
    now = datetime.now(UTC)
    ages = (max((now - each).total_seconds(), 0) for each in (created, ended))  # clocks differ
    launched, over = map(format_duration, ages)
    return f"It was launched {launched} ago, and ended {over} ago."


def has_failed(outcome: str) -> bool:
    """Whether a job ended without completing; one that was stopped has not failed."""
    return outcome not in ("", "completed", "running", "stopped")


def remedy_for(outcome: str) -> str:
    """What a person can do about a job that ended this way."""
    return _REMEDIES[outcome]


def commands_of(description: Mapping[str, Any], region: str) -> list[str]:
    """The commands that show the whole log of a job that has ended, and the files that it left.

    Of a job that failed, the service keeps the checkpoints, and what the script wrote to
    /opt/ml/output/data.
    """
    name, output = description["TrainingJobName"], description["OutputDataConfig"]["S3OutputPath"]
    places = [f"{output.rstrip('/')}/{name}/"]
    if "CheckpointConfig" in description:
        places.append(description["CheckpointConfig"]["S3Uri"])
    return [
        f"aws logs filter-log-events --log-group-name {TRAINING_LOGS} --log-stream-name-prefix "
        f"{name}/ --query 'events[].[message]' --output text --region {region}",
        *(f"aws s3 ls --recursive {place} --region {region}" for place in places),
    ]
