"""A training job's state change as the service tells EventBridge of it: a pure function."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.description import describe
from localcloud.sagemaker.records import TrainingJob

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Training Job State Change"

_TIMES = {
    "CreationTime",
    "LastModifiedTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "StartTime",
    "EndTime",
    "Timestamp",
}
_NULL_UNTIL_SET = (
    "TrainingStartTime",
    "TrainingEndTime",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
)


def detail(job: TrainingJob) -> dict[str, Any]:
    """Return the event's detail: the description, with times in milliseconds since the epoch.

    What is not yet known is null, where a description leaves it out; tags are a map. There is no
    FailureReason: the guide promises it for failed jobs, but the published schema has none.
    """
    known: dict[str, Any] = _in_milliseconds(describe(job))
    known.pop("FailureReason", None)
    return {**dict.fromkeys(_NULL_UNTIL_SET), **known, "Tags": dict(job.tags)}


def _in_milliseconds(value: Any) -> Any:
    if isinstance(value, list):
        return [_in_milliseconds(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: int(each * 1000)
        if name in _TIMES and isinstance(each, float)
        else _in_milliseconds(each)
        for name, each in value.items()
    }
