"""What a job may cost and has cost."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.cost import OVERHEAD_SECONDS, billed_cost, cost_ceiling


def request(instance_type: str, count: int = 1, seconds: int = 3600) -> dict[str, Any]:
    return {
        "ResourceConfig": {"InstanceType": instance_type, "InstanceCount": count},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
    }


def test_the_ceiling_is_price_times_instances_times_time_with_the_overhead() -> None:
    hours = (3600 + OVERHEAD_SECONDS) / 3600
    assert cost_ceiling(request("ml.g5.2xlarge", 3), 1) == pytest.approx(1.515 * 3 * hours, 1e-4)


def test_every_attempt_counts_in_the_ceiling() -> None:
    once = cost_ceiling(request("ml.g5.2xlarge"), 1)
    assert cost_ceiling(request("ml.g5.2xlarge"), 4) == pytest.approx(4 * float(once), 1e-4)


@pytest.mark.parametrize("instance_type", ["ml.p5en.48xlarge", "ml.not.listed"])
def test_an_unknown_price_is_unknown_and_never_zero(instance_type: str) -> None:
    assert cost_ceiling(request(instance_type), 1) == "unknown"
    assert billed_cost(instance_type, 1, 60) == "unknown"


def test_the_actual_cost_counts_every_instance() -> None:
    assert billed_cost("ml.c5.xlarge", 2, 1800) == pytest.approx(0.204)
