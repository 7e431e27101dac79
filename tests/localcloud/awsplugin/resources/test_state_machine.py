from __future__ import annotations

import json

import pytest

from localcloud.awsplugin.properties import UNKNOWN
from tests.localcloud.awsplugin.plugin import NO_CHANGE, TAGS, InputsError, Plugin, RefusedError

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


NO_SUCH_TYPE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Nap", "End": True}}})


def test_a_definition_is_validated_in_the_preview_of_its_change_and_not_again(
    plugin: Plugin,
) -> None:
    inputs = {"definition": waiting(1), "roleArn": plugin.role().state["arn"]}
    for definition in (UNKNOWN, waiting(1)):
        plugin.preview(MACHINE, {**inputs, "definition": definition})
    with pytest.raises(RefusedError, match="ValidateStateMachineDefinition: InvalidDefinition: ER"):
        plugin.preview(MACHINE, {**inputs, "definition": NO_SUCH_TYPE})
    machine = plugin.create(MACHINE, inputs)
    assert plugin.diff(machine, inputs).changes == NO_CHANGE
    with pytest.raises(RefusedError, match=r"^comparing .*: ValidateStateMachineDefinition: Inv"):
        plugin.diff(machine, {**inputs, "definition": NO_SUCH_TYPE})


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
