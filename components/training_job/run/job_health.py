"""What a person should know of a job that runs: why it waits, and whether it keeps checkpoints.

AWS asks not to decide anything by its status messages, so they are only passed on:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SecondaryStatusTransition.html

A spot job that trains without checkpoints loses its work with an interruption. Others lost days of
training, as checkpoints were no longer uploaded and no error was reported: issue 3062 of
aws/sagemaker-python-sdk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.durations import format_duration
from components.training_job.request.cost import is_prepaid
from components.training_job.request.instance_choices import instance_choices

WAITING_STATUSES = frozenset({"Starting", "Pending", "Interrupted"})
"""The secondary statuses of a job that has no instances yet, or no more."""

_DOWNLOADING = "Downloading"
_USUAL = timedelta(minutes=5)
"""How long a start takes without anything being wrong; an assumption."""
_OTHER_CAPACITY = "another instanceType, more zones in network.availabilityZones"
_ADDRESSES = "in an existing VPC, free addresses in its subnets"

_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=1)
_SHARE_OF_RUNTIME = 0.1


def is_pending(job: Mapping[str, Any]) -> bool:
    """Whether a job, by its description or summary, has not begun to train, or waits again."""
    status = job.get("SecondaryStatus", "")
    return job["TrainingJobStatus"] == "InProgress" and (
        status in WAITING_STATUSES or status == _DOWNLOADING
    )


def pending_notice(description: Mapping[str, Any], now: datetime) -> str:
    """How long a job has waited, for what, and what helps; "" for one that does not wait."""
    if not is_pending(description):
        return ""
    status = description["SecondaryStatus"]
    visits = description.get("SecondaryStatusTransitions", [])
    kinds = WAITING_STATUSES if status in WAITING_STATUSES else {status}
    own = [*takewhile(lambda visit: visit["Status"] in kinds, reversed(visits))]
    waited = max(now - own[-1]["StartTime"], timedelta()) if own else timedelta()
    said = own[0].get("StatusMessage", "") if own else ""
    first = f"{status} for {_rounded(waited)}{f': {_sentence(said)}' if said else '.'}"
    if status == _DOWNLOADING:
        return f"{first} {_about_downloads()}" if waited > _USUAL else first
    rest = _about_capacity(description) if waited > _USUAL else "Some minutes are usual."
    return f"{first} It waits for {_instances(description)}{_limit(description, now)}. {rest}"


def _about_downloads() -> str:
    return (
        "What helps the next job: a smaller image, an image in the stack's region, and "
        "mode: FastFile for large inputs."
    )


def _about_capacity(description: Mapping[str, Any]) -> str:
    if is_prepaid(description["ResourceConfig"]):
        return "What helps: wait for the plan's start and its other jobs, or remove trainingPlan."
    if description.get("EnableManagedSpotTraining"):
        found = (_OTHER_CAPACITY, "fallbacks with relaunch: onFailure", "spot: false", _ADDRESSES)
    else:
        found = (_OTHER_CAPACITY, "instancePreferences", "maxPending with fallbacks", _ADDRESSES)
    return f"What helps: {'; '.join(found)}."


def _instances(description: Mapping[str, Any]) -> str:
    """What the job waits for, as `2 × ml.g5.2xlarge on spot`."""
    resources = description["ResourceConfig"]
    choices = (
        " + ".join(f"{group['InstanceCount']} × {group['InstanceType']}" for group in groups)
        for groups in instance_choices(resources)
    )
    how = "on a training plan" if is_prepaid(resources) else (
        "on spot" if description.get("EnableManagedSpotTraining") else "on demand"
    )  # fmt: skip
    return f"{' or '.join(choices)} {how}"


def _limit(description: Mapping[str, Any], now: datetime) -> str:
    """How long it may still wait, with the setting that says so."""
    condition = description.get("StoppingCondition", {})
    is_spot = description.get("EnableManagedSpotTraining")
    key = "MaxWaitTimeInSeconds" if is_spot else "MaxPendingTimeInSeconds"
    if key not in condition or is_prepaid(description["ResourceConfig"]):
        return ""
    end = description["CreationTime"] + timedelta(seconds=condition[key])
    setting = "spot.maxWait, with its training" if is_spot else "maxPending"
    return f", for {_rounded(max(end - now, timedelta()))} more at most ({setting})"


def _rounded(time: timedelta) -> str:
    """A time in whole minutes, where it has several."""
    seconds = time.total_seconds()
    return format_duration(seconds if seconds < 120 else seconds // 60 * 60)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!")) else f"{text}."


def checkpoint_warning(
    description: Mapping[str, Any], newest: Callable[[str], datetime | None], now: datetime
) -> str:
    """What is wrong with the checkpoints of a job, "" where nothing is or none are needed.

    `newest` says when the newest object under an S3 prefix was written. A job should keep a
    checkpoint at least every tenth of its maximum runtime, in no more than an hour; five minutes
    are always granted. A checkpoint of an earlier job does not count.
    """
    started, expected = description.get("TrainingStartTime"), expected_interval(description)
    if started is None or not _needs_checkpoints(description) or now - started <= expected:
        return ""
    name, uri = description["TrainingJobName"], description["CheckpointConfig"]["S3Uri"]
    try:
        found = newest(uri)
    except (BotoCoreError, ClientError) as error:
        return f"{name}: its checkpoints in {uri} can't be seen: {error}"
    kept = found if found is not None and found > started else None
    age = now - (kept or started)
    if age <= expected:
        return ""
    passed = format_duration(age.total_seconds())
    state = f"its newest checkpoint is {passed} old" if kept else f"no checkpoint in {passed}"
    return (
        f"{name}: {state}, and an interruption of its spot instances would lose that work. One is "
        f"expected every {format_duration(expected.total_seconds())} in {uri}. Remedy: have the "
        "script write to /opt/ml/checkpoints more often, or set spot: false."
    )


def expected_interval(description: Mapping[str, Any]) -> timedelta:
    """How much work a job may have at stake."""
    runtime = timedelta(seconds=description["StoppingCondition"]["MaxRuntimeInSeconds"])
    return min(max(runtime * _SHARE_OF_RUNTIME, _SHORTEST), _LONGEST)


def newest_change(s3: Any, uri: str) -> datetime | None:
    """When the newest object under a prefix was written; None where there is none."""
    bucket, prefix = s3_location(uri)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    times = (each["LastModified"] for page in pages for each in page.get("Contents", []))
    return max(times, default=None)


def _needs_checkpoints(description: Mapping[str, Any]) -> bool:
    return bool(
        description.get("EnableManagedSpotTraining")
        and "CheckpointConfig" in description
        and description["SecondaryStatus"] == "Training"
    )
