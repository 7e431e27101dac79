from __future__ import annotations

import json

import pytest

from tests.localcloud.awsplugin.plugin import TAGS, InputsError, Plugin

MACHINE = "aws:sfn/stateMachine:StateMachine"


def waiting(seconds: int) -> str:
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    return json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})


def test_a_state_machine_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:sfn/stateMachine:StateMachine",
        {
            "definition": waiting(1),
            "roleArn": plugin.role().state["arn"],
            "loggingConfiguration": {
                "level": "ALL",
                "includeExecutionData": True,
                "logDestination": f"{plugin.log_group().state['arn']}:*",
            },
            "tags": TAGS,
        },
        change={"definition": waiting(2), "tags": {}},
        replace={"type": "EXPRESS"},
    )


def test_a_definition_that_starts_nowhere_is_refused_before_anything_is_made(
    plugin: Plugin,
) -> None:
    with pytest.raises(InputsError, match="StartAt 'A' is not one of States"):
        plugin.check(MACHINE, {"roleArn": "r", "definition": '{"StartAt": "A", "States": {}}'})


@pytest.mark.parametrize("definition", ["0", '{"States": [1]}', '{"States": {"A": 1}}'])
def test_a_definition_that_is_no_object_of_states_is_refused(
    plugin: Plugin, definition: str
) -> None:
    with pytest.raises(InputsError, match="InvalidDefinition: it must be an object whose States"):
        plugin.check(MACHINE, {"roleArn": "r", "definition": definition})
