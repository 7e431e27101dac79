"""The page on costs: its numbers are those of the program."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.stack.configuration import parse
from components.training_job.request.cost import OVERHEAD_SECONDS, TYPICAL_SPOT_SHARE, cost_ceiling
from components.training_platform import TrainingPlatform
from tests.components.recording import ACCOUNT, REGION, record

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs" / "costs.md").read_text()
HOURS = 730
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/training:1"
TUNED = {
    "metrics": {"loss": "loss=([0-9.]+)"},
    "tuning": {
        "objective": {"minimize": "loss"},
        "ranges": {"rate": {"from": 0.1, "to": 1.0}},
        "maxTrials": 2,
    },
}


def registered(job: dict[str, Any] | None = None, **settings: Any) -> Counter[str]:
    """How many resources of each type a stack with one job has."""
    jobs = {"digits": {"image": IMAGE, "instanceType": "ml.g5.2xlarge"} | (job or {})}
    parsed, problems = parse({"team": "research", "jobs": jobs} | settings, PROJECT)
    assert problems == []
    assert parsed is not None
    site = parsed.site(ACCOUNT, REGION, "test", [f"{REGION}a", f"{REGION}b"])
    recording = record(lambda: TrainingPlatform(site, parsed, PROJECT))
    return Counter(each.type.rpartition(":")[2] for each in recording.resources)


@pytest.mark.parametrize(
    ("job", "alerts", "alarms"),
    [
        ({}, {}, 7),
        ({"maxPending": "1h", "spot": False}, {}, 7 + 1),
        ({}, {"prolonged": {"after": "12h"}}, 7 + 3),
        (TUNED, {}, 7 + 5),
    ],
    ids=["default", "maxPending", "watchdog", "tuning"],
)
def test_a_stack_has_as_many_alarms_as_the_page_says(
    job: dict[str, Any], alerts: dict[str, Any], alarms: int
) -> None:
    assert registered(job, alerts=alerts)["MetricAlarm"] == alarms
    assert "| 0.70 |" in PAGE
    said = "One more if a job has `maxPending`, three more with a watchdog, five more with a tuning"
    assert said in PAGE


def test_what_costs_money_by_the_hour_exists_only_where_it_is_set() -> None:
    plain = registered()
    assert (plain["Key"], plain["Dashboard"], plain["FlowLog"]) == (1, 1, 1)
    assert (plain["NatGateway"], plain["Eip"], plain["VpcEndpoint"]) == (0, 0, 1)
    for nat, gateways in (("single", 1), ("per-zone", 2)):
        asked = registered(network={"nat": nat})
        assert (asked["NatGateway"], asked["Eip"]) == (gateways, gateways)


def test_the_prices_of_a_month_are_those_of_its_hours() -> None:
    for hourly, monthly in ((0.045, 32.85), (0.005, 3.65), (0.01, 7.30), (0.1, 73.00)):
        assert hourly * HOURS == pytest.approx(monthly)
        assert f"{monthly:.2f}" in PAGE


def test_the_ceiling_of_the_example_is_the_programs() -> None:
    request = {
        "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 2},
        "StoppingCondition": {"MaxRuntimeInSeconds": 20 * 60},
    }
    assert cost_ceiling([request], 1) == 0.204
    assert "2 × 0.204 × 30 / 60 = 0.204 USD" in PAGE
    assert OVERHEAD_SECONDS == 10 * 60
    assert TYPICAL_SPOT_SHARE == 0.3


def test_the_outputs_that_the_page_names_exist() -> None:
    outputs = (PROJECT / "docs" / "outputs.md").read_text()
    named = re.findall(r"`(\w+_(?:usd|seconds|percent))`", PAGE)
    assert len(set(named)) == 6
    assert [name for name in named if f"| `{name}` |" not in outputs] == []
