"""How a tuning job ended, by its description."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.training_job.tuning.tuning_outcome import outcome_of

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "succeeded", "limits", "outcome"),
    [
        (3600, 3, {}, "completed"),
        (3590, 3, {}, "stopped"),
        (3600, 0, {}, "stopped"),
        (3600, 3, {"MaxNumberOfTrainingJobs": 10}, "stopped"),
        (600, 10, {"MaxNumberOfTrainingJobs": 10}, "completed"),
    ],
    ids=["its time is over", "a person stopped it", "no trial", "trials are left", "all trials"],
)
def test_a_tuning_that_only_its_time_limits_has_completed_once_that_is_over(
    seconds: int, succeeded: int, limits: dict[str, Any], outcome: str
) -> None:
    described = {
        "HyperParameterTuningJobName": "t0123456-digits-0123abcd-1",
        "HyperParameterTuningJobStatus": "Stopped",
        "HyperParameterTuningJobConfig": {"ResourceLimits": {"MaxRuntimeInSeconds": 3600} | limits},
        "ObjectiveStatusCounters": {"Succeeded": succeeded},
        "CreationTime": NOON,
        "HyperParameterTuningEndTime": NOON + timedelta(seconds=seconds),
    }
    assert outcome_of(described) == outcome
