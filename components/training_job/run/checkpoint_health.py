"""Whether a spot job that trains keeps checkpoints, without which an interruption loses its work.

Others lost days of training, as checkpoints were no longer uploaded and no error was reported
(aws/sagemaker-python-sdk, issue 3062).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.durations import format_duration

_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=1)
_SHARE_OF_RUNTIME = 0.1


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
