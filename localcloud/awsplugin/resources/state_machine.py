"""Step Functions state machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties, known
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    LOWER_CASE,
    one_of,
    present,
    tag_list,
    tag_map,
    update_tags,
)


def _machine_failures(inputs: Properties) -> Iterator[Failure]:
    yield from one_of(inputs, "type", ["STANDARD", "EXPRESS"])
    destination = (inputs.get("loggingConfiguration") or {}).get("logDestination")
    if destination and not destination.endswith(":*"):
        yield Failure("loggingConfiguration", f"logDestination {destination!r} must end with ':*'")
    try:
        definition = json.loads(inputs.get("definition") or "{}")
    except ValueError:
        return
    states = (definition.get("States") or {}) if isinstance(definition, dict) else None
    if not isinstance(states, dict) or not all(isinstance(each, dict) for each in states.values()):
        reason = "InvalidDefinition: it must be an object whose States are objects"
        yield Failure("definition", reason)
        return
    if "definition" in inputs and definition.get("StartAt") not in states:
        start = definition.get("StartAt")
        yield Failure("definition", f"InvalidDefinition: StartAt {start!r} is not one of States")
    for name, state in states.items():
        for following in (state.get("Next"), state.get("Default")):
            if following and following not in states:
                reason = f"InvalidDefinition: {name!r} has the unknown next state {following!r}"
                yield Failure("definition", reason)


def _machine_request(inputs: Properties) -> dict[str, Any]:
    request = {"definition": inputs["definition"], "roleArn": inputs["roleArn"]}
    logging = inputs.get("loggingConfiguration")
    if logging:
        destination = logging.get("logDestination")
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": destination}}
        request["loggingConfiguration"] = {
            "level": logging.get("level") or "OFF",
            "includeExecutionData": bool(logging.get("includeExecutionData")),
            "destinations": [group] if destination else [],
        }
    for name in ("tracingConfiguration", "encryptionConfiguration"):
        if inputs.get(name):
            request[name] = inputs[name]
    return request


def _plan_machine(cloud: Cloud, state: Properties, inputs: Properties) -> None:
    """Has a new or changed definition validated, as the official provider does in a preview."""
    known_inputs = known(inputs)
    definition = known_inputs.get("definition")
    if not definition or definition == state.get("definition"):
        return
    answer = cloud.client("stepfunctions").validate_state_machine_definition(
        definition=definition, **present(type=known_inputs.get("type"))
    )
    if answer["result"] != "OK":
        found = "; ".join(
            f"{each['severity']} ({each['code']}): {each['message']}"
            for each in answer["diagnostics"]
        )
        raise AwsError("ValidateStateMachineDefinition", "InvalidDefinition", found)


def _create_machine(cloud: Cloud, inputs: Properties) -> str:
    answer = cloud.client("stepfunctions").create_state_machine(
        name=inputs["name"],
        type=inputs["type"],
        tags=tag_list(inputs.get("tagsAll"), LOWER_CASE),
        **_machine_request(inputs),
    )
    return str(answer["stateMachineArn"])


def _read_machine(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    functions = cloud.client("stepfunctions")
    machine = functions.describe_state_machine(stateMachineArn=identity)
    logging = machine.get("loggingConfiguration") or {}
    groups = [item["cloudWatchLogsLogGroup"] for item in logging.get("destinations") or ()]
    return {
        "arn": identity,
        "name": machine["name"],
        "definition": machine["definition"],
        "roleArn": machine["roleArn"],
        "type": machine["type"],
        "status": machine["status"],
        "creationDate": machine["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "description": "",
        "revisionId": machine.get("revisionId", ""),
        "stateMachineVersionArn": "",
        "versionDescription": "",
        "publish": previous.get("publish", False),
        "loggingConfiguration": {
            "level": logging.get("level", "OFF"),
            "includeExecutionData": bool(logging.get("includeExecutionData")),
            "logDestination": groups[0]["logGroupArn"] if groups else "",
        },
        "tracingConfiguration": machine.get("tracingConfiguration") or {"enabled": False},
        "encryptionConfiguration": machine.get("encryptionConfiguration"),
        "tagsAll": tag_map(
            functions.list_tags_for_resource(resourceArn=identity)["tags"], LOWER_CASE
        ),
    }


def _update_machine(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    functions = cloud.client("stepfunctions")
    functions.update_state_machine(stateMachineArn=identity, **_machine_request(inputs))
    update_tags(functions, state, inputs, LOWER_CASE, resourceArn=identity)


def _delete_machine(cloud: Cloud, identity: str, state: Properties) -> None:
    cloud.client("stepfunctions").delete_state_machine(stateMachineArn=identity)


_GROUP = "loggingConfiguration.destinations.cloudWatchLogsLogGroup"
_CREATE = Call(
    "stepfunctions",
    "CreateStateMachine",
    {"loggingConfiguration.logDestination": f"{_GROUP}.logGroupArn"},
)

TYPES = (
    ResourceType(
        type="aws:sfn/stateMachine:StateMachine",
        source="sfn/state_machine.go",
        calls=(_CREATE,),
        create=_create_machine,
        read=_read_machine,
        update=_update_machine,
        plan=_plan_machine,
        delete=_delete_machine,
        gone=names("StateMachineDoesNotExist"),
        validate=_machine_failures,
        name=Autoname(length=80),
        required=names("definition roleArn"),
        defaults={"publish": False, "type": "STANDARD"},
        replaces=names("name namePrefix type"),
        computed=names(
            "encryptionConfiguration loggingConfiguration name namePrefix tracingConfiguration"
        ),
        outputs=names(
            "arn creationDate description revisionId stateMachineVersionArn status"
            " versionDescription"
        ),
        recomputed=names("revisionId stateMachineVersionArn"),
        same=policy("definition"),
        tagged=True,
    ),
)
