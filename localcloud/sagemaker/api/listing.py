"""ListTrainingJobs: filters, order and pages as pure functions."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from localcloud.protocol.paging import Key, after, cut, last_key
from localcloud.sagemaker.jobs import description, statuses, warm_pools
from localcloud.sagemaker.jobs.job_store import Orders, by_creation, by_name
from localcloud.sagemaker.jobs.records import TrainingJob

Document = dict[str, Any]

DEFAULT_PAGE = 10
"""How many jobs a page has without MaxResults."""


class Listed(Protocol):
    """A job in a list. Its times are in epoch seconds."""

    name: str
    created: float
    modified: float


def list_jobs(jobs: Orders, request: Document, now: float) -> Document:
    """One page of summaries.

    As in SageMaker, a page is cut first and then filtered: it may have fewer jobs than
    MaxResults, or none, although more pages follow. Only bounds of the creation time are applied
    before, and only in the order of the creation time, where they are a range.
    """
    key = _KEYS[request.get("SortBy", "CreationTime")]
    # The newest first, as SageMaker answers, although its documentation says Ascending.
    descending = request.get("SortOrder") != "Ascending"
    order = f"{request.get('SortBy', 'CreationTime')} {descending}"
    chosen = _ordered(jobs, request, descending=descending)
    last = last_key(request.get("NextToken"), order)
    rest = after(last, chosen, key, descending=descending)
    shown, more = cut(rest, key, order, request, DEFAULT_PAGE)
    page = [job for job in shown if _selected(job, request, now)]
    return {"TrainingJobSummaries": [description.summarise(job, now) for job in page], **more}


def satisfies(job: Listed, status: str, request: Document) -> bool:
    """Whether a job, which has this status, satisfies the filters that lists of any jobs have."""
    return (
        request.get("NameContains", "") in job.name
        and request.get("StatusEquals") in {None, status}
        and _between(job.created, request, "CreationTime")
        and _between(job.modified, request, "LastModifiedTime")
    )


def _selected(job: TrainingJob, request: Document, now: float) -> bool:
    return (
        satisfies(job, statuses.status(job), request)
        and request.get("WarmPoolStatusEquals") in {None, warm_pools.status(job, now)}
        # No job of this service has a training plan.
        and "TrainingPlanArnEquals" not in request
    )


def _between(time: float, request: Document, field: str) -> bool:
    after, before = request.get(f"{field}After"), request.get(f"{field}Before")
    return (after is None or time > after) and (before is None or time < before)


def _by_status(job: TrainingJob) -> Key:
    return statuses.status(job), *by_creation(job)


_KEYS: Mapping[str, Callable[[TrainingJob], Key]] = {
    "CreationTime": by_creation,
    "Name": lambda job: (by_name(job),),
    "Status": _by_status,
}


def _ordered(jobs: Orders, request: Document, *, descending: bool) -> list[TrainingJob]:
    by = request.get("SortBy", "CreationTime")
    if by == "Name":
        ordered = jobs.name
    elif by == "Status":
        ordered = sorted(jobs.creation, key=_by_status)
    else:
        ordered = _in_range(jobs.creation, request)
    return ordered[::-1] if descending else ordered


def _in_range(ordered: list[TrainingJob], request: Document) -> list[TrainingJob]:
    """The jobs that were created between the bounds."""
    after, before = request.get("CreationTimeAfter"), request.get("CreationTimeBefore")
    start = 0 if after is None else bisect_right(ordered, after, key=_created)
    end = len(ordered) if before is None else bisect_left(ordered, before, key=_created)
    return ordered[start:end]


def _created(job: TrainingJob) -> float:
    return job.created
