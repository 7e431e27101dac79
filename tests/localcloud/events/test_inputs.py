"""What targets receive of an event: pure functions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from localcloud.events.inputs import InputError, target_input

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
    with pytest.raises(InputError, match="not make JSON"):
        filled(template, state="$.detail.state", said="$.detail.said", absent="$.detail.none")
