"""State changes of tuning jobs, as SageMaker publishes them on EventBridge."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.jobs.job_events import Publisher
from localcloud.sagemaker.tuning.tuning_description import describe
from localcloud.sagemaker.tuning.tuning_records import TuningJob

_DETAIL_TYPE = "SageMaker HyperParameter Tuning Job State Change"


def announce(publisher: Publisher, job: TuningJob) -> None:
    """Publishes a tuning job's state as it is now."""
    publisher.put(_DETAIL_TYPE, job, detail(job))


def detail(job: TuningJob) -> dict[str, Any]:
    """An event's detail: the description, without the best jobs, and the tags as a map."""
    known = describe(job)
    for name in ("BestTrainingJob", "OverallBestTrainingJob", "TuningJobCompletionDetails"):
        known.pop(name, None)
    return {**known, "Tags": dict(job.tags)}
