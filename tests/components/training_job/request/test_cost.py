"""What a job may cost and has cost."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.request.cost import (
    OVERHEAD_SECONDS,
    billed_cost,
    cost_ceiling,
    expected_cost,
    savings_percent,
    total_of,
    tuning_ceiling,
)


def request(instance_type: str, count: int = 1, seconds: int = 3600) -> dict[str, Any]:
    return {
        "ResourceConfig": {"InstanceType": instance_type, "InstanceCount": count},
        "StoppingCondition": {"MaxRuntimeInSeconds": seconds},
    }


def test_the_ceiling_is_price_times_instances_times_time_with_the_overhead() -> None:
    hours = (3600 + OVERHEAD_SECONDS) / 3600
    assert cost_ceiling([request("ml.g5.2xlarge", 3)], 1) == pytest.approx(1.515 * 3 * hours, 1e-4)


def test_every_attempt_counts_in_the_ceiling() -> None:
    once = cost_ceiling([request("ml.g5.2xlarge")], 1)
    assert cost_ceiling([request("ml.g5.2xlarge")], 4) == pytest.approx(4 * float(once), 1e-4)


@pytest.mark.parametrize(
    ("limits", "hours"),
    [
        ({"MaxNumberOfTrainingJobs": 6}, 7),
        # 2 × (5400 + 600) s is less than 6 × (3600 + 600) s.
        ({"MaxNumberOfTrainingJobs": 6, "MaxRuntimeInSeconds": 5400}, 2 * 6000 / 3600),
        ({"MaxRuntimeInSeconds": 5400}, 2 * 6000 / 3600),
        ({}, None),
    ],
)
def test_the_ceiling_of_a_tuning_is_its_trials_time_or_the_time_of_those_that_run_at_once(
    limits: dict[str, int], hours: float | None
) -> None:
    config = {"ResourceLimits": {"MaxParallelTrainingJobs": 2, **limits}}
    for attempts in (1, 3):
        ceiling = tuning_ceiling(request("ml.g5.2xlarge"), config, attempts)
        expected = "unknown" if hours is None else pytest.approx(1.515 * hours * attempts, 1e-4)
        assert ceiling == expected


@pytest.mark.parametrize("instance_type", ["ml.p5en.48xlarge", "ml.not.listed"])
def test_an_unknown_price_is_unknown_and_never_zero(instance_type: str) -> None:
    assert cost_ceiling([request(instance_type)], 1) == "unknown"
    assert billed_cost({"InstanceType": instance_type, "InstanceCount": 1}, 60) == "unknown"


def test_a_warm_pool_counts_in_the_ceiling() -> None:
    kept = request("ml.g5.2xlarge")
    kept["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 3600
    assert float(cost_ceiling([kept], 1)) - float(
        cost_ceiling([request("ml.g5.2xlarge")], 1)
    ) == pytest.approx(1.515)


def test_the_expected_cost_is_below_the_ceiling_only_on_spot() -> None:
    assert expected_cost(10.0, on_spot=True) == pytest.approx(3.0)
    assert expected_cost(10.0, on_spot=False) == 10.0
    assert expected_cost("unknown", on_spot=True) == "unknown"


def test_savings_are_those_of_the_services_own_formula() -> None:
    assert savings_percent(874, 262) == 70.0
    assert savings_percent(0, 0) == 0.0


def test_the_actual_cost_counts_every_instance() -> None:
    assert billed_cost(request("ml.c5.xlarge", 2)["ResourceConfig"], 1800) == pytest.approx(0.204)


GROUPS = [
    {"InstanceGroupName": "cpu", "InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
    {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.2xlarge", "InstanceCount": 3},
]


def test_every_group_of_instances_counts() -> None:
    assert billed_cost({"InstanceGroups": GROUPS}, 3600) == pytest.approx(2 * 0.204 + 3 * 1.515)


def test_one_group_without_a_price_makes_the_cost_unknown() -> None:
    unlisted = {"InstanceGroupName": "new", "InstanceType": "ml.not.listed", "InstanceCount": 1}
    assert billed_cost({"InstanceGroups": [*GROUPS, unlisted]}, 3600) == "unknown"


def test_the_dearest_fallback_counts_in_the_ceiling() -> None:
    cheap, dear = request("ml.c5.xlarge"), request("ml.g5.2xlarge")
    assert cost_ceiling([cheap, dear], 2) == cost_ceiling([dear], 2)
    assert cost_ceiling([dear, cheap], 2) == cost_ceiling([dear], 2)


def test_a_fallback_without_a_price_makes_the_ceiling_unknown() -> None:
    assert cost_ceiling([request("ml.c5.xlarge"), request("ml.not.listed")], 1) == "unknown"


def test_a_training_plan_is_prepaid_and_never_zero() -> None:
    planned = request("ml.p5.48xlarge", 2)
    planned["ResourceConfig"]["TrainingPlanArn"] = "arn"
    assert billed_cost(planned["ResourceConfig"], 60) == "prepaid"
    assert cost_ceiling([planned], 1) == "prepaid"
    assert expected_cost("prepaid", on_spot=False) == "prepaid"
    fallback = request("ml.g5.2xlarge")
    assert cost_ceiling([planned, fallback], 1) == cost_ceiling([fallback], 1)
    assert cost_ceiling([planned, request("ml.not.listed")], 1) == "unknown"


def test_the_dearest_preference_counts_until_one_is_selected() -> None:
    preferences = [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 1},
    ]
    resources: dict[str, Any] = {"InstancePreferences": preferences}
    assert billed_cost(resources, 3600) == pytest.approx(1.515)
    selected = {"SelectedInstanceType": "ml.c5.xlarge", "SelectedInstanceCount": 2}
    assert billed_cost(resources | selected, 3600) == pytest.approx(2 * 0.204)


def test_a_total_is_prepaid_only_if_all_of_it_is() -> None:
    assert total_of(["prepaid", 1.5, 2.0]) == 3.5
    assert total_of(["prepaid", "prepaid"]) == "prepaid"
    assert total_of(["prepaid", "unknown", 1.0]) == "unknown"
    assert total_of([]) == 0
