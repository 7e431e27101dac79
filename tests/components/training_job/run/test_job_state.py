"""What is recorded of a job."""

from __future__ import annotations

from typing import Any

from components.training_job.run.job_state import progress

PREFERENCES = [
    {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
    {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1},
]


def recorded(**selected: Any) -> list[Any]:
    description = {
        "TrainingJobStatus": "InProgress",
        "BillableTimeInSeconds": 3600,
        "ResourceConfig": {"InstancePreferences": PREFERENCES, **selected},
    }
    state = progress(description)
    return [state[key] for key in ("instance_type", "instance_count", "cost_usd")]


def test_of_several_preferences_the_selected_type_is_recorded() -> None:
    assert recorded() == ["ml.c5.xlarge or ml.g5.2xlarge", 2, 1.515]
    chosen = {"SelectedInstanceType": "ml.c5.xlarge", "SelectedInstanceCount": 2}
    assert recorded(**chosen) == ["ml.c5.xlarge", 2, 0.408]
