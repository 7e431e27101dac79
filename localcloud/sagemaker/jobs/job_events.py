"""State changes of jobs, as SageMaker publishes them on EventBridge; those of training jobs."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from typing import Any, Protocol

from localcloud.events.targets import publish
from localcloud.sagemaker.jobs.description import describe
from localcloud.sagemaker.jobs.records import TrainingJob

_SOURCE = "aws.sagemaker"
_DETAIL_TYPE = "SageMaker Training Job State Change"

_TIMES = {
    "CreationTime",
    "LastModifiedTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "StartTime",
    "EndTime",
    "Timestamp",
    "HyperParameterTuningEndTime",
}
_NULL_UNTIL_SET = (
    "TrainingStartTime",
    "TrainingEndTime",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
)
_log = logging.getLogger(__name__)


class Job(Protocol):
    """What an event says of its job."""

    account: str
    region: str
    modified: float

    @property
    def arn(self) -> str:
        """The job's Amazon Resource Name."""


class Publisher:
    """Publishes changes in their order on its own thread, so that no job waits for a target."""

    def __init__(self) -> None:
        self._events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="events", daemon=True).start()

    def announce(self, job: TrainingJob) -> None:
        """Publishes a training job's state as it is now."""
        self.put(_DETAIL_TYPE, job, detail(job))

    def put(self, kind: str, job: Job, about: dict[str, Any]) -> None:
        """Publishes an event with a detail type and a detail, whose times are in seconds."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": _SOURCE,
            "account": job.account,
            "time": job.modified,
            "region": job.region,
            "resources": [job.arn],
            "detail": _in_milliseconds(about),
            "ingestion-time": time.time(),
        }
        self._events.put(event)

    def _run(self) -> None:
        while True:
            event = self._events.get()
            try:
                publish(event)
            except Exception:
                _log.exception("An event of a job was lost")


def detail(job: TrainingJob) -> dict[str, Any]:
    """The detail of a training job's event: the description. The event has times in milliseconds.

    A value that is not known yet is null; a description leaves it out. Tags are a map. There is no
    FailureReason: the guide promises it for failed jobs, but the published schema has none.
    """
    known = describe(job)
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
