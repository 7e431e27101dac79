"""Statuses, clocks and bills."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob, Transition
from localcloud.sagemaker.jobs.statuses import Limit


def job(*rows: tuple[str, float], created: float = 100.0, **request: Any) -> TrainingJob:
    transitions: tuple[Transition, ...] = ()
    for status, time in rows:
        transitions = statuses.enter(transitions, status, time, "a message")
    return TrainingJob("name", "1", "r", request, created, created, transitions)


WHOLE = (
    ("Starting", 100.0),
    ("Downloading", 110.0),
    ("Training", 120.0),
    ("Uploading", 320.5),
    ("Completed", 330.25),
)
INTERRUPTED = (
    *WHOLE[:3],
    ("Interrupted", 130.0),
    ("Starting", 140.0),
    ("Downloading", 1000.0),
    ("Training", 1010.0),
)


def test_each_row_ends_where_the_next_begins_and_the_last_where_it_begins():
    rows = job(*WHOLE).transitions

    assert [row.end for row in rows] == [110.0, 120.0, 320.5, 330.25, 330.25]


def test_an_open_row_has_no_end_and_can_change_its_message():
    rows = statuses.say(job(*WHOLE[:1]).transitions, "other")

    assert [(row.message, row.end) for row in rows] == [("other", None)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["Training"], "InProgress"),
        (["Training", "Interrupted"], "InProgress"),
        (["Training", "Uploading"], "InProgress"),
        (["Stopping", "Uploading"], "Stopping"),
        (["Stopping", "MaxRuntimeExceeded"], "Stopped"),
        (["Stopping", "MaxWaitTimeExceeded"], "Stopped"),
        (["Stopping", "Stopped"], "Stopped"),
        (["Training", "Failed"], "Failed"),
    ],
)
def test_the_status_follows_from_the_rows(rows: list[str], expected: str):
    assert statuses.status(job(*((row, 1.0) for row in rows))) == expected


def test_training_time_is_rounded_up():
    assert statuses.training_seconds(job(*WHOLE)) == 221


def test_waiting_after_an_interruption_is_no_training_time():
    record = job(*INTERRUPTED, ("Uploading", 1020.0), ("Completed", 1021.0))

    assert statuses.training_seconds(record) == 20 + 21


def test_a_job_that_never_had_instances_has_no_training_time():
    record = job(("Starting", 100.0), ("Stopping", 101.0), ("Stopped", 102.0))

    assert statuses.training_start(record) is None
    assert statuses.training_seconds(record) is None
    assert statuses.training_end(record) == 102.0


def test_a_running_job_has_no_end_and_no_bill():
    record = job(*WHOLE[:3])

    assert statuses.training_end(record) is None
    assert statuses.billable_seconds(record) is None


@pytest.mark.parametrize(("spot", "expected"), [(False, 221), (True, 67)])
def test_a_spot_jobs_billable_time_carries_the_discount(spot: bool, expected: int):
    record = job(*WHOLE, EnableManagedSpotTraining=spot)

    assert statuses.billable_seconds(record) == expected


def test_an_exact_discount_is_not_rounded_up_by_float_error():
    record = job(("Starting", 0.0), ("Training", 0.0), ("Completed", 100.0))
    record.request["EnableManagedSpotTraining"] = True

    assert statuses.billable_seconds(record) == 30


def test_runtime_counts_all_attempts_and_wait_counts_from_the_creation():
    record = job(
        *INTERRUPTED,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 2000},
    )

    # 10 s in the first attempt, 5 s so far in the second.
    assert statuses.limits(record, 1015.0) == (
        Limit(1060.0, "MaxRuntimeExceeded"),
        Limit(2100.0, "MaxWaitTimeExceeded"),
    )


def test_the_clock_of_the_runtime_does_not_run_before_training():
    record = job(*WHOLE[:2], StoppingCondition={"MaxRuntimeInSeconds": 1})

    assert statuses.limits(record, 1000.0) == ()


def test_without_a_condition_a_day_is_the_limit():
    (limit,) = statuses.limits(job(*WHOLE[:3]), 120.0)

    assert limit == Limit(120.0 + 86_400, "MaxRuntimeExceeded")


@pytest.mark.parametrize(
    ("instance_type", "limited"), [("ml.g5.xlarge", True), ("ml.m5.large", False)]
)
def test_an_accelerated_jobs_time_pending_is_limited_in_each_attempt(
    instance_type: str, limited: bool
):
    record = job(
        *INTERRUPTED[:5],
        StoppingCondition={"MaxPendingTimeInSeconds": 1800},
        ResourceConfig={"InstanceType": instance_type, "InstanceCount": 1},
    )

    assert statuses.limits(record, 150.0) == (Limit(1940.0, "Stopped"),) * limited


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ((*WHOLE[:3], ("Stopping", 179.0)), "Stopped"),
        ((*WHOLE[:3], ("Stopping", 180.0)), "MaxRuntimeExceeded"),
        ((*WHOLE[:3], ("Stopping", 180.0), ("Uploading", 181.0)), "MaxRuntimeExceeded"),
        ((*INTERRUPTED, ("Stopping", 1059.0)), "Stopped"),
        ((*INTERRUPTED, ("Stopping", 1060.0)), "MaxRuntimeExceeded"),
        ((*WHOLE[:3], ("Interrupted", 130.0), ("Stopping", 2100.0)), "MaxWaitTimeExceeded"),
        ((("Starting", 100.0), ("Stopping", 101.0)), "Stopped"),
    ],
)
def test_a_job_that_is_stopping_ends_as_the_limit_that_it_had_reached(
    rows: tuple[tuple[str, float], ...], end: str
):
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 2000}

    assert statuses.end_of_stop(job(*rows, StoppingCondition=condition)) == end
