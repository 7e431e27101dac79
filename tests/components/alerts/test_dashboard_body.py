"""The dashboard's body, checked against the structure that CloudWatch documents."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from components.alerts.dashboard_body import Shown, dashboard_body
from localcloud.corrections.dashboards import body_errors
from tests.components.recording import ACCOUNT, REGION, SITE

ALARMS = [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:failures"]
SHOWN = Shown(SITE, metrics=["loss", "accuracy"], alarms=ALARMS)
EVERYTHING = replace(SHOWN, budget=True, tunes=True)
HOSTS = [
    "GPUUtilization",
    "GPUMemoryUtilization",
    "CPUUtilization",
    "MemoryUtilization",
    "DiskUtilization",
]


def widgets(shown: Shown = SHOWN, kind: str = "metric") -> list[dict[str, Any]]:
    found = json.loads(dashboard_body(shown))["widgets"]
    return [each for each in found if each["type"] == kind]


def searches(shown: Shown = SHOWN) -> list[list[str]]:
    """The searches of each graph."""
    return [
        [metric["expression"] for [metric] in each["properties"]["metrics"]]
        for each in widgets(shown)
    ]


@pytest.mark.parametrize(
    "shown",
    [
        SHOWN,
        EVERYTHING,
        replace(SHOWN, metrics=[]),
        replace(EVERYTHING, metrics=[f"{number}{'x' * 250}" for number in range(1000)]),
        replace(SHOWN, metrics=['"' * 255]),
    ],
)
def test_cloudwatch_takes_the_body(shown: Shown):
    assert list(body_errors(dashboard_body(shown))) == []


def test_the_widgets_of_a_row_fill_it_and_none_is_over_another():
    placed = json.loads(dashboard_body(replace(SHOWN, metrics=["a", "b", "c", "d"])))["widgets"]
    cells = [
        (x, y)
        for each in placed
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))


def test_the_hosts_of_the_stacks_jobs_are_found_by_the_jobs_names():
    [gpu, *others] = searches()[: len(HOSTS)]
    assert gpu == [
        'SEARCH(\'{"/aws/sagemaker/TrainingJobs","Host"} MetricName="GPUUtilization" '
        f"Host={SITE.prefix}', 'Average', 60)"
    ]
    for metric, [search] in zip(HOSTS[1:], others, strict=True):
        assert f'MetricName="{metric}" Host={SITE.prefix}\'' in search


def test_the_jobs_own_metrics_have_a_graph_each():
    own = widgets()[len(HOSTS) :]
    assert [each["properties"]["title"] for each in own] == ["accuracy", "loss"]
    assert searches()[-1] == [
        'SEARCH(\'{"/aws/sagemaker/TrainingJobs","TrainingJobName"} MetricName="loss" '
        f"TrainingJobName={SITE.prefix}', 'Average', 60)"
    ]


def test_a_metric_of_two_jobs_has_one_graph():
    assert len(widgets(replace(SHOWN, metrics=["loss", "loss"]))) == len(HOSTS) + 1


def test_special_characters_of_a_metrics_name_are_escaped():
    shown = replace(SHOWN, metrics=['top(5) "best"\\', "d'accord"])
    assert [each[0].partition(" Train")[0] for each in searches(shown)[len(HOSTS) :]] == [
        'SEARCH(\'{"/aws/sagemaker/TrainingJobs","TrainingJobName"} '
        'MetricName="top\\(5\\) \\"best\\"\\\\"'
    ]


def test_a_stack_that_tunes_shows_the_trials_too():
    tuning = SITE.tuning_name_prefix.rstrip("-")
    for first, second in searches(EVERYTHING):
        assert f"={SITE.prefix}'" in first
        assert f"={tuning}'" in second


def test_the_stacks_alarms_are_shown():
    [alarms] = widgets(kind="alarm")
    assert alarms["properties"]["alarms"] == ALARMS


def test_links_lead_to_what_the_stack_has():
    [text] = widgets(kind="text")
    assert f"/sagemaker/home?region={REGION}#/jobs" in text["properties"]["markdown"]
    assert f"$3FlogStreamNameFilter$3D{SITE.prefix}-" in text["properties"]["markdown"]
    assert "budgets" not in text["properties"]["markdown"]
    [text] = widgets(EVERYTHING, "text")
    assert "/costmanagement/home#/budgets" in text["properties"]["markdown"]
    assert "#/hyper-tuning-jobs" in text["properties"]["markdown"]
