"""How a job's end is classified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from components.training_job.run.outcome import (
    ending_of,
    has_failed,
    is_live,
    is_terminal,
    outcome_of,
    reason_of,
    remedy_for,
)

ENDS = [
    ("Completed", "Completed", "", "completed"),
    ("Failed", "Failed", "AlgorithmError: boom, exit code: 1", "script error"),
    ("Failed", "Failed", "CapacityError: Unable to provision", "capacity"),
    ("Failed", "Failed", "InsufficientCapacityError: none in two days", "capacity"),
    ("Failed", "Failed", "ClientError: Data download failed", "request error"),
    ("Failed", "Failed", "InternalServerError: We encountered", "service error"),
    ("Stopped", "MaxWaitTimeExceeded", "", "out of wait"),
    ("Stopped", "MaxRuntimeExceeded", "", "out of runtime"),
    ("Stopped", "Stopped", "", "stopped"),
]


@pytest.mark.parametrize(("status", "secondary", "reason", "expected"), ENDS)
def test_every_end_has_its_class(status: str, secondary: str, reason: str, expected: str) -> None:
    description = {"TrainingJobStatus": status, "SecondaryStatus": secondary}
    if reason:
        description["FailureReason"] = reason
    assert outcome_of(description) == expected
    assert is_terminal(description)
    assert not is_live(description)


@pytest.mark.parametrize("end", [end for end in ENDS if end[3] != "completed"], ids=lambda e: e[3])
def test_every_end_but_completion_has_a_remedy(end: tuple[str, str, str, str]) -> None:
    assert remedy_for(end[3])


@pytest.mark.parametrize("secondary", ["Starting", "Training", "Interrupted", "Stopping"])
def test_a_job_that_has_not_ended_is_running(secondary: str) -> None:
    status = "Stopping" if secondary == "Stopping" else "InProgress"
    description = {"TrainingJobStatus": status, "SecondaryStatus": secondary}
    assert outcome_of(description) == "running"
    assert not is_terminal(description)
    assert is_live(description)


def test_the_status_message_decides_nothing() -> None:
    description = {
        "TrainingJobStatus": "Stopped",
        "SecondaryStatus": "MaxWaitTimeExceeded",
        "StatusMessage": "Training job completed",
    }
    assert outcome_of(description) == "out of wait"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("Starting", 0, 1799), ("Stopping", 1799, 1801)], "capacity"),
        ([("Starting", 0, 5), ("Pending", 5, 1800)], "capacity"),
        ([("Starting", 0, 900), ("Stopping", 900, 1801)], "stopped"),
        ([("Starting", 0, 1700), ("Training", 1700, 1900), ("Stopping", 1900, 1901)], "stopped"),
        ([], "stopped"),
    ],
)
def test_a_job_that_waited_for_capacity_as_long_as_it_may_has_failed(
    rows: list[tuple[str, int, int]], expected: str
) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    visits = [
        {
            "Status": status,
            "StartTime": start + timedelta(seconds=since),
            "EndTime": start + timedelta(seconds=until),
        }
        for status, since, until in [*rows, ("Stopped", 1801, 1801)]
    ]
    description = {
        "TrainingJobStatus": "Stopped",
        "SecondaryStatus": "Stopped",
        "StoppingCondition": {"MaxPendingTimeInSeconds": 1800},
        "SecondaryStatusTransitions": visits,
    }
    assert outcome_of(description) == expected
    assert has_failed(expected) == (expected == "capacity")
    waited = "it waited for capacity for 30m, as long as maxPending allows"
    assert reason_of(description) == (waited if expected == "capacity" else "")


def test_running_out_of_time_is_a_failure_and_being_stopped_is_not() -> None:
    assert has_failed("out of wait")
    assert has_failed("out of runtime")
    assert not has_failed("stopped")
    assert not has_failed("completed")
    assert not has_failed("running")


def test_an_end_is_said_once() -> None:
    assert ending_of("a-1", "Stopped", "stopped", "Stopped") == "a-1 ended as Stopped"
    late = ending_of("a-1", "Stopped", "out of runtime", "MaxRuntimeExceeded")
    assert late == "a-1 ended as Stopped (out of runtime): MaxRuntimeExceeded"
