"""Whether a quota has room for a job: pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs import statuses, usage
from localcloud.sagemaker.jobs.quota_book import QuotaBook
from localcloud.sagemaker.jobs.records import TrainingJob

PLACE = ("123456789012", "us-east-1")
TYPE = "ml.m5.large"
OTHER = "ml.c5.xlarge"


def request(*counts: int, spot: bool = False, name: str = TYPE) -> dict[str, Any]:
    groups = [
        {"InstanceGroupName": f"g{index}", "InstanceType": name, "InstanceCount": count}
        for index, count in enumerate(counts)
    ]
    resources = groups[0] if len(groups) == 1 else {"InstanceGroups": groups}
    return {"ResourceConfig": resources, "EnableManagedSpotTraining": spot}


def job(document: dict[str, Any], status: str = "Training", region: str = PLACE[1]) -> TrainingJob:
    rows = statuses.enter((), status, 0.0, "a message")
    return TrainingJob("name", PLACE[0], region, document, 0.0, 0.0, rows)


def fits(book: QuotaBook, document: dict[str, Any], *jobs: TrainingJob) -> bool:
    try:
        usage.check(book, jobs, PLACE, document, 0.0)
    except ServiceError:
        return False
    return True


def test_instances_of_all_groups_and_live_jobs_count(book: QuotaBook):
    assert fits(book, request(4))
    assert not fits(book, request(5))
    assert not fits(book, request(2, 3))
    assert fits(book, request(1, 1), job(request(2)))
    assert not fits(book, request(1, 1), job(request(2, 1)))


@pytest.mark.parametrize("status", ["Starting", "Interrupted", "Uploading", "Stopping"])
def test_a_job_counts_until_it_has_ended(book: QuotaBook, status: str):
    assert not fits(book, request(1), job(request(4), status))


@pytest.mark.parametrize("status", sorted(statuses.TERMINAL))
def test_a_job_that_has_ended_does_not_count(book: QuotaBook, status: str):
    assert fits(book, request(4), job(request(4), status))


def test_spot_other_types_and_other_regions_are_counted_apart(book: QuotaBook):
    assert fits(book, request(2, spot=True), job(request(4)))
    assert not fits(book, request(1, spot=True), job(request(2, spot=True)))
    assert fits(book, request(4), job(request(2, spot=True)))
    assert fits(book, request(4), job(request(9), region="eu-west-1"))
    assert fits(book, request(50, name=OTHER), job(request(4)))


def test_the_instances_of_a_training_plan_count_in_no_quota(book: QuotaBook):
    planned = request(9)
    planned["ResourceConfig"]["TrainingPlanArn"] = "arn"
    assert fits(book, planned)
    assert fits(book, request(4), job(planned))
