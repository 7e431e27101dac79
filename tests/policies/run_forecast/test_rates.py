from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from run_forecast.rates import ASSUMED, rates_of, training_seconds

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TAG = "sagemaker-training:lineage"


def described(
    visits: list[tuple[str, float | None]], *, spot: bool = True, count: int = 2, **more: Any
) -> dict[str, Any]:
    """A description with these statuses, and how many seconds each lasted; None for no end."""
    transitions, start = list[dict[str, Any]](), NOON
    for status, seconds in visits:
        visit: dict[str, Any] = {"Status": status, "StartTime": start}
        if seconds is not None:
            start += timedelta(seconds=seconds)
            visit["EndTime"] = start
        transitions.append(visit)
    return {
        "TrainingJobStatus": "Completed",
        "CreationTime": NOON,
        "EnableManagedSpotTraining": spot,
        "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": count},
        "SecondaryStatusTransitions": transitions,
        **more,
    }


INTERRUPTED = described(
    [
        ("Starting", 100),
        ("Downloading", 50),
        ("Training", 9000),
        ("Interrupted", 0),
        ("Starting", 1000),
        ("Downloading", 70),
        ("Training", 9000),
        ("Uploading", 30),
        ("Completed", 0),
    ],
    TrainingTimeInSeconds=18000,
    BillableTimeInSeconds=9000,
)


def test_without_records_of_spot_jobs_the_rates_are_assumed():
    assert rates_of([]) == ASSUMED
    assert rates_of([described([("Training", 9000)], spot=False)]) == ASSUMED
    assert ASSUMED.source == "assumed: 0.05 per instance-hour"


def test_interruptions_count_for_the_hours_of_all_instances():
    rates = rates_of([INTERRUPTED] * 9)
    assert rates.interruptions == 9
    assert rates.instance_hours == pytest.approx(90)  # 9 jobs of 2 instances for 5 hours
    assert rates.per_instance_hour == pytest.approx((0.5 + 9) / (10 + 90))
    assert rates.source.startswith("9 interruptions in 90 instance-hours of this stack's own")


def test_waiting_restarting_and_the_discount_come_from_each_start_and_job():
    rates = rates_of([INTERRUPTED])
    assert rates.wait == pytest.approx((900 * 3 + 100 + 1000) / 5)
    assert rates.restart == pytest.approx((360 * 3 + 50 + 70) / 5)
    assert rates.spot_share == pytest.approx((0.3 * 3 + 0.5) / 4)


def test_a_status_that_has_not_ended_and_a_job_without_times_count_for_nothing():
    running = described([("Starting", 100), ("Training", None)])
    rates = rates_of([running])
    assert (rates.interruptions, rates.instance_hours) == (0, 0)
    assert rates.per_instance_hour == ASSUMED.per_instance_hour
    assert rates.wait == pytest.approx((900 * 3 + 100) / 4)


def test_groups_of_instances_count_together():
    groups = [{"InstanceCount": 1}, {"InstanceCount": 3}]
    job = described([("Training", 3600)], ResourceConfig={"InstanceGroups": groups})
    assert rates_of([job]).instance_hours == pytest.approx(4)


def test_the_runtime_is_that_of_the_lineages_newest_completed_run():
    def run(seconds: int, hours: int, lineage: str = "a", **more: Any) -> dict[str, Any]:
        tags = [{"Key": TAG, "Value": lineage}]
        created = NOON + timedelta(hours=hours)
        job = described([], Tags=tags, TrainingTimeInSeconds=seconds)
        return job | {"CreationTime": created} | more

    runs = [run(10, 1), run(20, 2), run(30, 3, TrainingJobStatus="Failed"), run(40, 4, "b")]
    assert training_seconds(runs, "a", TAG) == 20
    assert training_seconds(runs, "c", TAG) is None
    assert training_seconds([run(0, 1)], "a", TAG) is None
    assert training_seconds([*runs, run(50, 5, TuningJobArn="arn")], "a", TAG) == 20
