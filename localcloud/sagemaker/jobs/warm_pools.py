"""Warm pools: instances that are kept after a job, for the next job with the same needs.

Pure functions. Whether a pool is still kept is computed from the time, so nothing happens at its
end (Developer Guide, "Train Using SageMaker AI Managed Warm Pools").
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.quota_book import Place, Quota, QuotaBook
from localcloud.sagemaker.jobs.records import TrainingJob, WarmPool

Document = dict[str, Any]

_LONGEST_LIFE = 7 * 86_400
"""Seconds after which instances are replaced, even if they are reused."""
_SAME_RESOURCES = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
_SAME_FLAGS = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption")
# Whose instances may be at fault.
_NOT_KEPT_AFTER = ("InternalServerError", "CapacityError")


def status(job: TrainingJob, now: float) -> str:
    """The status of a job's warm pool; empty if it has none."""
    pool = job.warm_pool
    if pool is None:
        return ""
    if pool.reused_by:
        return "Reused"
    if not statuses.ended(job):
        return "InUse"
    return "Available" if now < pool.until else "Terminated"


def shown(job: TrainingJob, now: float) -> Document:
    """A job's warm pool in descriptions and summaries."""
    pool = job.warm_pool
    if pool is None:
        return {}
    document: Document = {"Status": status(job, now)}
    if pool.reused_by:
        document["ReusedByJob"] = pool.reused_by
    if document["Status"] in {"Reused", "Terminated"}:
        seconds = math.ceil(pool.until - pool.since)
        document["ResourceRetainedBillableTimeInSeconds"] = seconds
    return {"WarmPoolStatus": document}


def matching(
    jobs: Iterable[TrainingJob], place: Place, request: Document, now: float
) -> TrainingJob | None:
    """The job whose kept instances a new job can take; None if there is none."""
    if request.get("EnableManagedSpotTraining") or "InstanceGroups" in request["ResourceConfig"]:
        return None
    alike = (
        job
        for job in jobs
        if (job.account, job.region) == place
        and status(job, now) == "Available"
        and _likeness(job.request) == _likeness(request)
    )
    return min(alike, key=lambda job: (job.created, job.name), default=None)


def _likeness(request: Document) -> tuple[Any, ...]:
    """What must be equal so that one job can run on another's instances."""
    resources, network = request["ResourceConfig"], request.get("VpcConfig", {})
    return (
        request["RoleArn"],
        *(resources.get(name) for name in _SAME_RESOURCES),
        *(bool(request.get(name)) for name in _SAME_FLAGS),
        sorted(network.get("Subnets", ())),
        sorted(network.get("SecurityGroupIds", ())),
    )


def new_pool(
    book: QuotaBook,
    jobs: Iterable[TrainingJob],
    place: Place,
    request: Document,
    earlier: TrainingJob | None,
    now: float,
) -> WarmPool | None:
    """The pool of a new job; None if it asks for none, or the quota is used up.

    `earlier` is the job whose instances it takes.
    """
    if earlier is not None and earlier.warm_pool is not None:
        return WarmPool(began=earlier.warm_pool.began, folder=earlier.warm_pool.folder)
    resources = request["ResourceConfig"]
    if not resources.get("KeepAlivePeriodInSeconds"):
        return None
    name = resources["InstanceType"]
    room = book.value(place, Quota(name, "training warm pool")) - _count(jobs, place, name, now)
    return WarmPool(began=now) if resources["InstanceCount"] <= room else None


def held(jobs: Iterable[TrainingJob], now: float) -> list[WarmPool]:
    """The pools of jobs that have instances now."""
    return [job.warm_pool for job in jobs if job.warm_pool is not None and _held(job, now)]


def _held(job: TrainingJob, now: float) -> bool:
    return status(job, now) in {"InUse", "Available"}


def _count(jobs: Iterable[TrainingJob], place: Place, instance_type: str, now: float) -> int:
    """The number of instances in a place's warm pools."""
    return sum(
        job.request["ResourceConfig"]["InstanceCount"]
        for job in jobs
        if (job.account, job.region) == place
        and _held(job, now)
        and job.request["ResourceConfig"]["InstanceType"] == instance_type
    )


def kept(job: TrainingJob, reason: str, now: float) -> WarmPool | None:
    """The pool of a job that ends now; `reason` is why it failed, if it did."""
    pool = job.warm_pool
    if pool is None:
        return None
    period = job.request["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0)
    seconds = 0 if reason.startswith(_NOT_KEPT_AFTER) else period
    return replace(pool, since=now, until=_end(pool, now + seconds))


def prolonged(pool: WarmPool, seconds: float, now: float) -> WarmPool:
    """A pool with another period, which counts from its job's end; it lasts at least until now."""
    return replace(pool, until=_end(pool, max(now, pool.since + seconds)))


def reused(pool: WarmPool, by: str, now: float) -> WarmPool:
    """A pool whose instances another job takes."""
    return replace(pool, until=now, reused_by=by)


def lost(job: TrainingJob, now: float) -> WarmPool | None:
    """The pool of a job whose instances are lost."""
    pool = job.warm_pool
    if pool is None or status(job, now) != "Available":
        return pool
    return replace(pool, until=now)


def _end(pool: WarmPool, time: float) -> float:
    return max(pool.since, min(time, pool.began + _LONGEST_LIFE))
