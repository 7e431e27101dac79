"""What a job takes of the account's quotas."""

from __future__ import annotations

from typing import Any

from components.training_job.preflight.quotas import instances_of


def test_the_instances_of_a_training_plan_count_in_no_quota() -> None:
    resources: dict[str, Any] = {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 2}
    assert instances_of({"ResourceConfig": resources}) == {
        "ml.p5.48xlarge for training job usage": 2
    }
    assert instances_of({"ResourceConfig": {**resources, "TrainingPlanArn": "arn"}}) == {}
