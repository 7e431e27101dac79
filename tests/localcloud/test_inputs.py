"""What targets receive of an event, and when schedules are due: pure functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.events.inputs import InputError, target_input
from localcloud.events.schedules import Scheduled, Timetable, period

EVENT: dict[str, Any] = {
    "id": "1",
    "time": "2026-01-02T03:04:05Z",
    "detail-type": "Change",
    "resources": ["arn:first", "arn:second"],
    "detail": {
        "state": "failed",
        "said": 'no "data"',
        "code": 3,
        "unset": None,
        "rows": [{"name": "a"}, {"name": "b"}],
    },
}
RULE = "arn:aws:events:us-east-1:123456789012:rule/mine"


def received(**target: Any) -> str:
    return target_input(target, EVENT, RULE)


def filled(template: str, **paths: str) -> str:
    return received(InputTransformer={"InputTemplate": template, "InputPathsMap": paths})


def test_without_wishes_a_target_receives_the_whole_event():
    assert json.loads(received()) == EVENT


def test_a_constant_is_received_as_it_is():
    assert received(Input='{"go": true}') == '{"go": true}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", EVENT),
        ("$.detail.code", 3),
        ("$.detail-type", "Change"),
        ("$.resources[1]", "arn:second"),
        ("$.detail.rows[*].name", ["a", "b"]),
        ("$.detail.unset", None),
    ],
)
def test_a_path_leads_to_a_part_of_the_event(path: str, expected: Any):
    assert json.loads(received(InputPath=path)) == expected


@pytest.mark.parametrize(
    "path", ["$.detail.none", "$.resources[9]", "$.id.x", "detail", "$['id']", "$.detail[*]"]
)
def test_a_path_that_leads_nowhere_or_is_not_supported_makes_no_input(path: str):
    with pytest.raises(InputError):
        received(InputPath=path)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param('"It <state>"', '"It failed"', id="within a string"),
        pytest.param('"a"\n"<state>"', '"a"\n"failed"', id="several lines"),
        pytest.param('{"x": <state>}', '{"x": "failed"}', id="bare text gets quotes"),
        pytest.param('{"x": <said>}', '{"x": "no \\"data\\""}', id="bare text with quotes"),
        pytest.param('{"x": <code>, "y": "<code>"}', '{"x": 3, "y": "3"}', id="a number"),
        pytest.param('{"x": <rows>}', '{"x": [{"name": "a"}, {"name": "b"}]}', id="an array"),
        pytest.param('"<rows>"', '"[{name: a}, {name: b}]"', id="an array loses its quotes"),
        pytest.param('{"x": <unset>}', '{"x": null}', id="null"),
        pytest.param('"nothing: <absent>"', '"nothing: "', id="absent in a string"),
        pytest.param('"<aws.events.rule-name>"', '"mine"', id="the rule"),
        pytest.param("<aws.events.event.json>", json.dumps(EVENT), id="the event"),
    ],
)
def test_a_template_is_filled(template: str, expected: str):
    paths = {name: f"$.detail.{name}" for name in ("state", "said", "code", "rows", "unset")}

    assert filled(template, absent="$.detail.none", **paths) == expected


@pytest.mark.parametrize("template", ["It <state>", '{"x": <absent>}', '{"x": "<said>"}', ""])
def test_a_template_that_makes_no_json_makes_no_input(template: str):
    with pytest.raises(InputError, match="no JSON"):
        filled(template, state="$.detail.state", said="$.detail.said", absent="$.detail.none")


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(15 minutes)", 900),
        ("rate(2 hours)", 7200),
        ("rate(1 day)", 86_400),
        ("cron(0 12 * * ? *)", float("inf")),
    ],
)
def test_a_rate_is_a_period(expression: str, seconds: float):
    assert period(expression) == seconds


def scheduled(expression: str, *, begins_at_once: bool = False) -> Scheduled:
    return Scheduled("arn", expression, begins_at_once, lambda: None)


def runs(timetable: Timetable, each: Scheduled, *times: float) -> list[float]:
    return [time for time in times if timetable.take_due([each], time)]


def test_a_rule_runs_a_period_after_its_creation_and_then_each_period():
    each = scheduled("rate(1 minute)")

    assert runs(Timetable(1), each, 10, 69, 70, 71, 129, 130) == [70, 130]


def test_a_schedule_runs_at_once_and_a_faster_clock_shortens_the_period():
    each = scheduled("rate(1 minute)", begins_at_once=True)

    assert runs(Timetable(60), each, 10, 10.5, 11) == [10, 11]


def test_missed_runs_are_not_made_up_for():
    assert runs(Timetable(1), scheduled("rate(1 minute)"), 0, 500, 501, 502) == [500, 501]


def test_another_rate_starts_anew():
    timetable = Timetable(1)
    runs(timetable, scheduled("rate(1 minute)"), 0)

    assert runs(timetable, scheduled("rate(2 minutes)"), 60, 179, 180) == [180]


def test_what_is_no_rate_never_runs(caplog: pytest.LogCaptureFixture):
    each = scheduled("cron(0 12 * * ? *)", begins_at_once=True)

    assert runs(Timetable(60), each, 0, 1e9) == []
    assert "is no rate" in caplog.text
