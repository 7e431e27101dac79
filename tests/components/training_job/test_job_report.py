"""What a stack's outputs say of its jobs, and of their cost."""

from __future__ import annotations

from typing import Any

import pytest

from components.training_job.job_report import merged_report, total_cost

COSTS = {"cost_usd": 1.0, "expected_cost_usd": 2.0, "cost_ceiling_usd": 4.0}


def test_what_a_state_of_an_earlier_version_lacks_is_no_null() -> None:
    report = merged_report({"training_job_name": "job", "instance_type": None}, {})
    assert None not in report.values()
    assert report["instance_type"] == ""
    assert report["expected_cost_usd"] == "unknown"
    assert report["metrics"] == {}


def test_how_a_job_ended_replaces_what_its_state_knew() -> None:
    known = {"training_job_name": "job", "status": "InProgress", "lineage": "research-dev-digits"}
    ends: dict[str, dict[str, Any]] = {
        "job": {"status": "Completed", "metrics": {"loss": 0.5}},
        "other": {"status": "Failed"},
    }
    report = merged_report(known, ends)
    assert report["status"] == "Completed"
    assert report["metrics"] == {"loss": 0.5}
    assert report["lineage"] == "research-dev-digits"


def test_the_cost_of_a_stack_is_the_sum_over_its_jobs() -> None:
    assert total_cost([COSTS, COSTS]) == {"ceiling": 8.0, "expected": 4.0, "billed": 2.0}
    assert total_cost([]) == {"ceiling": 0, "expected": 0, "billed": 0}


@pytest.mark.parametrize("part", COSTS)
def test_a_sum_with_an_unknown_part_is_unknown_and_never_less(part: str) -> None:
    unknown: dict[str, Any] = COSTS | {part: "unknown"}
    total = total_cost([COSTS, unknown])
    assert list(total.values()).count("unknown") == 1
