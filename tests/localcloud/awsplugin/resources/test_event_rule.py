from __future__ import annotations

import json

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin

RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"


def pattern(status: str) -> str:
    return json.dumps({"source": ["aws.sagemaker"], "detail": {"TrainingJobStatus": [status]}})


def test_a_rule_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:cloudwatch/eventRule:EventRule",
        {"eventPattern": pattern("Failed"), "description": "failed jobs", "tags": TAGS},
        change={"eventPattern": pattern("Stopped"), "state": "DISABLED", "tags": {}},
        replace={"name": "another"},
    )


def test_a_target_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:cloudwatch/eventTarget:EventTarget",
        {
            "rule": plugin.create(RULE, {"eventPattern": pattern("Failed")}).id,
            "arn": plugin.topic(),
            "inputTransformer": {"inputPaths": {"job": "$.detail"}, "inputTemplate": '"<job>"'},
            "retryPolicy": {"maximumRetryAttempts": 3, "maximumEventAgeInSeconds": 600},
        },
        change={"inputTransformer": None, "input": json.dumps({"a": "b"})},
        replace={"targetId": "another"},
        import_id=lambda made: f"{made.state['rule']}/{made.state['targetId']}",
    )


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (
            RULE,
            {"eventPattern": '{"source": "aws.sagemaker"}'},
            "'source' must be an object or an array",
        ),
        (RULE, {"scheduleExpression": "hourly"}, r"is not valid; write rate"),
        (
            TARGET,
            {"rule": "r", "arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
            "RoleArn is required",
        ),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    plugin: Plugin, kind: str, inputs: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(kind, inputs)
