"""What is said of a job that waits, and when a refresh warns of a job's checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.run.job_health import (
    checkpoint_warning,
    expected_interval,
    is_pending,
    newest_change,
    pending_notice,
)
from tests.components.fake_aws import client_error

START = datetime(2026, 1, 1, tzinfo=UTC)
URI = "s3://artifacts/checkpoints/research-dev-digits/"


def job(minutes: int = 600, **changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "research-dev-digits-00000001-1",
        "EnableManagedSpotTraining": True,
        "SecondaryStatus": "Training",
        "TrainingStartTime": START,
        "CheckpointConfig": {"S3Uri": URI},
        "StoppingCondition": {"MaxRuntimeInSeconds": minutes * 60},
    } | changes


def warning(description: dict[str, Any], newest: float | None, now: float) -> str:
    """The warning `now` minutes after the start, for a checkpoint of `newest` minutes after it."""
    found = None if newest is None else START + timedelta(minutes=newest)
    return checkpoint_warning(description, lambda _uri: found, START + timedelta(minutes=now))


@pytest.mark.parametrize(
    ("newest", "now", "expected"),
    [
        (None, 60, ""),
        (None, 61, "no checkpoint in 1h1m"),
        (-5, 61, "no checkpoint in 1h1m"),
        (30, 90, ""),
        (30, 91, "its newest checkpoint is 1h1m old"),
    ],
)
def test_a_spot_job_whose_work_is_at_risk_is_reported(
    newest: float | None, now: float, expected: str
) -> None:
    text = warning(job(), newest, now)
    assert expected in text
    assert bool(text) == bool(expected)
    assert not text or ("Remedy: " in text and URI in text)


@pytest.mark.parametrize(
    "changes",
    [
        {"EnableManagedSpotTraining": False},
        {"SecondaryStatus": "Interrupted"},
        {"SecondaryStatus": "Completed"},
        {"TrainingStartTime": None},
    ],
)
def test_a_job_that_can_lose_nothing_is_not_checked(changes: dict[str, Any]) -> None:
    def look(_uri: str) -> None:
        raise AssertionError("S3 was asked")

    assert checkpoint_warning(job(**changes), look, START + timedelta(days=1)) == ""


def test_a_job_without_checkpoints_is_not_checked() -> None:
    description = job()
    del description["CheckpointConfig"]
    assert warning(description, None, 600) == ""


@given(minutes=st.integers(1, 28 * 24 * 60))
def test_what_is_at_risk_is_a_tenth_of_the_runtime_and_between_minutes_and_an_hour(
    minutes: int,
) -> None:
    interval = expected_interval(job(minutes))
    assert timedelta(minutes=5) <= interval <= timedelta(hours=1)
    assert minutes > 600 or interval == timedelta(minutes=max(5, minutes / 10))


def test_checkpoints_that_cannot_be_seen_are_reported_and_stop_nothing() -> None:
    def denied(_uri: str) -> None:
        raise client_error("AccessDenied", "not authorized", "ListObjectsV2")

    text = checkpoint_warning(job(), denied, START + timedelta(days=1))
    assert "can't be seen" in text


class Pages:
    """S3 with two pages of objects under a prefix."""

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        assert (Bucket, Prefix) == ("artifacts", "checkpoints/research-dev-digits/")
        times = [START, START + timedelta(minutes=2), START + timedelta(minutes=1)]
        return [{"Contents": [{"LastModified": each}]} for each in times] + [{}]


def test_the_newest_object_of_all_pages_counts() -> None:
    assert newest_change(Pages(), URI) == START + timedelta(minutes=2)


CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"


def waiting_job(*visits: tuple[str, int], message: str = "", **more: Any) -> dict[str, Any]:
    """A job that has had these secondary statuses, from so many minutes after its launch."""
    transitions: list[dict[str, Any]] = [
        {"Status": status, "StartTime": START + timedelta(minutes=minutes)}
        for status, minutes in visits
    ]
    transitions[-1]["StatusMessage"] = message
    spot = {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 4 * 3600},
    }
    return {
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": visits[-1][0],
        "SecondaryStatusTransitions": transitions,
        "CreationTime": START,
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2},
        **spot,
        **more,
    }


def notice(minutes: float, job: dict[str, Any]) -> str:
    return pending_notice(job, START + timedelta(minutes=minutes))


def test_a_job_that_just_started_is_no_reason_to_do_anything():
    assert notice(1, waiting_job(("Starting", 0), message="Starting the training job")) == (
        "Starting for 1m: Starting the training job. It waits for 2 × ml.g5.2xlarge on spot, for "
        "3h59m more at most (spot.maxWait, with its training). Some minutes are usual."
    )


def test_a_job_that_finds_no_spot_capacity_says_what_helps():
    text = notice(12, waiting_job(("Starting", 0), message=CAPACITY))
    assert text.startswith(f"Starting for 12m: {CAPACITY} It waits for 2 × ml.g5.2xlarge on spot")
    for remedy in ("another instanceType", "fallbacks", "spot: false", "free addresses"):
        assert remedy in text


def test_all_of_a_wait_counts_and_an_earlier_one_does_not():
    job = waiting_job(("Starting", 0), ("Training", 5), ("Interrupted", 60), ("Starting", 61))
    assert notice(80, job).startswith("Starting for 20m.")


def test_on_demand_it_is_maxpending_that_limits_the_wait():
    limit = {"MaxPendingTimeInSeconds": 7200}
    job = waiting_job(("Pending", 0), EnableManagedSpotTraining=False, StoppingCondition=limit)
    assert "on demand, for 1h30m more at most (maxPending)" in notice(30, job)
    unlimited = waiting_job(("Pending", 0), EnableManagedSpotTraining=False, StoppingCondition={})
    assert "2 × ml.g5.2xlarge on demand. What helps: " in notice(30, unlimited)
    assert "maxPending with fallbacks" in notice(30, unlimited)


def test_a_job_on_a_plan_waits_for_the_plan():
    plan = {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "TrainingPlanArn": "arn"}
    job = waiting_job(("Pending", 0), EnableManagedSpotTraining=False, ResourceConfig=plan)
    assert "on a training plan. What helps: wait for the plan's start" in notice(30, job)


def test_each_type_that_it_may_take_is_named():
    types = [{"InstanceType": f"ml.p{number}.x", "InstanceCount": 1} for number in (4, 5)]
    job = waiting_job(("Starting", 0), ResourceConfig={"InstancePreferences": types})
    assert "1 × ml.p4.x or 1 × ml.p5.x" in notice(1, job)


@pytest.mark.parametrize(("minutes", "helps"), [(2, False), (20, True)])
def test_a_long_download_is_one_of_the_image_or_the_inputs(minutes: int, helps: bool):
    text = notice(minutes, waiting_job(("Starting", -3), ("Downloading", 0)))
    assert text.startswith(f"Downloading for {minutes}m.")
    assert ("a smaller image" in text) is helps


@pytest.mark.parametrize(
    ("status", "secondary"),
    [("InProgress", "Training"), ("Completed", "Completed"), ("Stopping", "Starting")],
)
def test_a_job_that_trains_or_has_ended_does_not_wait(status: str, secondary: str):
    job = waiting_job((secondary, 0), TrainingJobStatus=status)
    assert not is_pending(job)
    assert notice(30, job) == ""
