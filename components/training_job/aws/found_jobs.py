"""Which jobs of a kind there are, found with as many calls at any age of an account. No Pulumi.

The service keeps the record of every job for ever. A list cuts its pages first and looks
at names and statuses afterwards, so a list by name or status reads all records that there are.
Search finds jobs by tag and status at once. But it reads an index that is late: it does not show a
new job yet, and shows a job that has changed as it was. So Search narrows, a list of the newest
jobs adds what Search does not show yet, and neither decides: that is for the job's description,
its tags, and its creation, which is refused where the name is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from components.training_job.aws.errors import is_denied
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB, JobKind

Job = dict[str, Any]
"""A summary in a list, or a record of Search, which has more members."""

Condition = dict[str, Any]
"""A SearchExpression."""

LISTED_AGE = timedelta(minutes=30)
"""How old a job is at most that the list must show, because Search may not show it yet.

AWS documents no such delay, so this is an assumption, chosen to be far longer. It also has to cover
a difference of minutes between the clocks of this machine and of the service.
"""

_PAGE = 100
_NEWEST_FIRST = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": _PAGE}


@dataclass(frozen=True)
class FoundJobs:
    """What was found, newest first."""

    jobs: list[Job]
    from_search: frozenset[str]
    """The names of those that only Search shows: what has changed since may not be in them."""


def found_jobs(
    client: Any, search: Callable[[], Iterable[Job]], kind: JobKind = TRAINING_JOB
) -> FoundJobs:
    """The jobs that a search finds, and all jobs that are too new for it.

    Where the credentials may not search, all jobs that may still be live are listed instead: one
    call for every hundred that were created in that time.
    """
    asked = _now()  # before the search, so that no job is too new for it and too old for the list
    try:
        searched, oldest = list(search()), asked - LISTED_AGE
    except client.exceptions.ClientError as error:
        if not is_denied(error):
            raise
        print(
            "these credentials may not call sagemaker:Search, so all jobs of the last "
            f"{kind.longest_life.days} days are listed, which takes longer; older ones are not seen"
        )
        searched, oldest = [], asked - kind.longest_life
    listed = _by_name(_jobs_since(client, oldest, kind), kind)
    by_name = _by_name(searched, kind)
    jobs = (by_name.get(name, {}) | listed.get(name, {}) for name in by_name | listed)
    return FoundJobs(
        sorted(jobs, key=lambda job: job["CreationTime"], reverse=True),
        frozenset(by_name.keys() - listed.keys()),
    )


def newest_found(
    client: Any, condition: Condition, kind: JobKind = TRAINING_JOB
) -> tuple[list[Job], bool]:
    """The newest hundred jobs that a search finds, newest first, and whether these are all."""
    page = client.search(Resource=kind.resource, SearchExpression=condition, **_NEWEST_FIRST)
    return _records(page, kind), "NextToken" not in page


def all_found(client: Any, condition: Condition) -> Iterator[Job]:
    """All training jobs that a search finds, newest first."""
    pages = client.get_paginator("search").paginate(
        Resource=TRAINING_JOB.resource, SearchExpression=condition, **_NEWEST_FIRST
    )
    return (job for page in pages for job in _records(page, TRAINING_JOB))


def equals(name: str, value: str) -> Condition:
    """The condition that a property has a value."""
    return {"Filters": [{"Name": name, "Operator": "Equals", "Value": value}]}


def both(*conditions: Condition) -> Condition:
    """The condition that all of these hold."""
    return {"SubExpressions": list(conditions), "Operator": "And"}


def either(*conditions: Condition) -> Condition:
    """The condition that at least one of these holds."""
    return {"SubExpressions": list(conditions), "Operator": "Or"}


def _jobs_since(client: Any, oldest: datetime, kind: JobKind) -> Iterator[Job]:
    """All jobs that were created since then, newest first.

    The times are compared here: AWS does not say whether the service looks at CreationTimeAfter
    before or after it cuts a page.
    """
    for page in client.get_paginator(f"list_{kind.operation}s").paginate(**_NEWEST_FIRST):
        for job in page[f"{kind.resource}Summaries"]:
            if job["CreationTime"] < oldest:
                return
            yield job


def _records(page: Mapping[str, Any], kind: JobKind) -> list[Job]:
    return [each[kind.resource] for each in page["Results"]]


def _by_name(jobs: Iterable[Job], kind: JobKind) -> dict[str, Job]:
    return {kind.name_of(job): job for job in jobs}


def _now() -> datetime:
    return datetime.now(UTC)
