"""When a refresh warns of a job's checkpoints."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.run.checkpoint_health import (
    checkpoint_warning,
    expected_interval,
    newest_change,
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
