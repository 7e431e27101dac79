"""UpdateTrainingJob: what can be changed, and when."""

from __future__ import annotations

from typing import Any

from localcloud.protocol.errors import validation_error
from localcloud.sagemaker.api.rules import profiler_problems
from localcloud.sagemaker.jobs import statuses, warm_pools
from localcloud.sagemaker.jobs.records import TrainingJob

Document = dict[str, Any]

_DEBUGGABLE = ("Downloading", "Training")
_KEEP_ALIVE = "KeepAlivePeriodInSeconds"


def update(job: TrainingJob, request: Document, now: float) -> None:
    """Changes a job. Raises SageMaker's ValidationException for what can't be changed now."""
    for problem in profiler_problems(request):
        raise validation_error(problem)
    profiling = [
        name for name in ("ProfilerConfig", "ProfilerRuleConfigurations") if name in request
    ]
    if profiling and statuses.ended(job):
        raise validation_error(
            "The request was rejected because the training job is in status "
            f"{statuses.status(job)}."
        )
    if "RemoteDebugConfig" in request and statuses.secondary_status(job) not in _DEBUGGABLE:
        raise validation_error(
            "The request was rejected because the training job is in secondary status "
            f"{statuses.secondary_status(job)}, and remote debugging can be changed in "
            f"{' and '.join(_DEBUGGABLE)} only."
        )
    period = request.get("ResourceConfig", {}).get(_KEEP_ALIVE)
    if period is not None:
        _keep(job, period, now)
    for name in profiling:
        job.request[name] = _merged(job.request.get(name), request[name])
    if "RemoteDebugConfig" in request:
        job.request["RemoteDebugConfig"] = request["RemoteDebugConfig"]
    job.modified = now


def _keep(job: TrainingJob, seconds: float, now: float) -> None:
    """Keeps a job's warm pool for another period; 0 ends it."""
    if job.warm_pool is None or warm_pools.status(job, now) != "Available":
        raise validation_error(
            "The request was rejected because the training job has no warm pool in status "
            "Available."
        )
    job.warm_pool = warm_pools.prolonged(job.warm_pool, seconds, now)
    job.request["ResourceConfig"][_KEEP_ALIVE] = seconds


def _merged(before: Any, new: Any) -> Any:
    return {**before, **new} if isinstance(before, dict) and isinstance(new, dict) else new
