"""The pages of ListTrainingJobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.api import listing
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.job_store import JobStore
from localcloud.sagemaker.jobs.records import TrainingJob, WarmPool

JOBS = [
    TrainingJob(
        name=name,
        account="123456789012",
        region="us-east-1",
        request={},
        created=created,
        modified=created + 5,
        transitions=statuses.enter((), status, created),
        warm_pool=WarmPool(began=created) if name == "text-1" else None,
    )
    for created, (name, status) in enumerate(
        [("text-1", "Completed"), ("vision-1", "Stopped"), ("text-2", "Training")], start=100
    )
]


PLACE = "123456789012", "us-east-1"
STORE = JobStore()
STORE.add_all(JOBS)


def page(**request: Any) -> tuple[list[str], str | None]:
    """The names on the page that a request asks for, and the token of the next."""
    answer = listing.list_jobs(STORE.orders(PLACE), request, 200.0)
    return [each["TrainingJobName"] for each in answer["TrainingJobSummaries"]], answer.get(
        "NextToken"
    )


FILTERS: list[dict[str, Any]] = [
    {"NameContains": "text-1"},
    {"StatusEquals": "Completed"},
    {"LastModifiedTimeBefore": 106},
    {"WarmPoolStatusEquals": "Terminated"},
    {"CreationTimeBefore": 101, "SortBy": "Name", "SortOrder": "Descending"},
]


@pytest.mark.parametrize("filters", FILTERS)
def test_a_page_is_cut_before_it_is_filtered(filters: dict[str, Any]):
    first, token = page(MaxResults=2, **filters)
    second, end = page(MaxResults=2, NextToken=token, **filters)

    assert (first, second, end) == ([], ["text-1"], None)


def test_bounds_of_the_creation_time_come_before_the_cut_only_in_its_own_order():
    bounds = {"CreationTimeAfter": 99, "CreationTimeBefore": 102}

    assert page(MaxResults=2, **bounds) == (["vision-1", "text-1"], None)
    assert page(MaxResults=2, SortBy="Name", SortOrder="Ascending", **bounds)[0] == ["text-1"]


def test_a_made_up_page_token_is_refused():
    with pytest.raises(ServiceError, match="NextToken"):
        page(NextToken="made-up")


ORDERS = [
    {"SortBy": by, "SortOrder": order}
    for by in ("CreationTime", "Name", "Status")
    for order in ("Ascending", "Descending")
]


@pytest.mark.parametrize("order", ORDERS)
def test_no_entry_is_skipped_or_shown_twice_whatever_changes_between_two_pages(
    order: dict[str, str],
):
    def job(number: int) -> TrainingJob:
        status = ("Completed", "Stopped")[number % 2]
        name, created = f"job-{number:02}", 100.0 + number
        return replace(
            JOBS[0],
            name=name,
            created=created,
            transitions=statuses.enter((), status, created),
        )

    store = JobStore()
    jobs = {number: job(number) for number in range(20, 80, 10)}
    store.add_all(jobs.values())

    def shown(**request: Any) -> tuple[list[str], str]:
        answer = listing.list_jobs(store.orders(PLACE), order | request, 200.0)
        names = [each["TrainingJobName"] for each in answer["TrainingJobSummaries"]]
        return names, answer.get("NextToken", "")

    whole, _ = shown()
    first, token = shown(MaxResults=2)
    # The end of the first page, and something before and after it.
    store.remove(next(each for each in jobs.values() if each.name == first[-1]))
    new = [job(1), job(90)]
    store.add_all(new)
    rest, _ = shown(NextToken=token, MaxResults=50)

    assert [name for name in rest if name not in {each.name for each in new}] == whole[2:]


def test_the_token_of_another_order_is_refused():
    _, token = page(MaxResults=1)

    with pytest.raises(ServiceError, match="NextToken"):
        page(NextToken=token, SortBy="Name")
