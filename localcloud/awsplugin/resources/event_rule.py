"""EventBridge rules and their targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resource_type import ResourceType, names, policy
from localcloud.awsplugin.resources.common import (
    every,
    from_api,
    one_of,
    present,
    tag_list,
    tag_map,
    to_api,
    update_tags,
)

_GONE = "ResourceNotFoundException"
_BUS = "default"
_SCHEDULE = re.compile(r"(rate\(\d+ (minute|hour|day)s?\)|cron\(\S+( \S+){5}\))\Z")
# The parts of a target with the API's names; the rest of them is carried over as it was given.
_PARTS = {
    "retryPolicy": "RetryPolicy",
    "deadLetterConfig": "DeadLetterConfig",
    "sqsTarget": "SqsParameters",
}
_NO_ROLE_NEEDED = ("sns", "sqs", "lambda", "logs")


def _rule_failures(inputs: Properties) -> Iterator[Failure]:
    if not inputs.get("eventPattern") and not inputs.get("scheduleExpression"):
        yield Failure("eventPattern", "one of eventPattern and scheduleExpression must be set")
    expression = inputs.get("scheduleExpression")
    if expression and not _SCHEDULE.match(expression):
        example = "rate(15 minutes) or cron(0 12 * * ? *)"
        yield Failure("scheduleExpression", f"{expression!r} is not valid; write {example}")
    yield from one_of(inputs, "state", ["ENABLED", "DISABLED"])
    try:
        pattern = json.loads(inputs.get("eventPattern") or "{}")
    except ValueError:
        return
    for path in _bad_leaves(pattern, ""):
        reason = f"Event pattern is not valid. Reason: {path!r} must be an object or an array"
        yield Failure("eventPattern", reason)


def _bad_leaves(pattern: Any, path: str) -> Iterator[str]:
    if isinstance(pattern, dict):
        for name, value in pattern.items():
            yield from _bad_leaves(value, f"{path}.{name}".lstrip("."))
    elif not isinstance(pattern, list):
        yield path


def _split(identity: str) -> tuple[str, str]:
    """Bus and name of a rule from its id: `name`, or `bus/name` on another bus."""
    bus, slash, name = identity.rpartition("/")
    return (bus if slash else _BUS), name


def _put_rule(cloud: Cloud, name: str, inputs: Properties) -> None:
    state = inputs.get("state")
    if state is None:
        state = "ENABLED" if inputs.get("isEnabled", True) else "DISABLED"
    cloud.client("events").put_rule(
        Name=name,
        State=state,
        EventBusName=inputs["eventBusName"],
        **present(
            Description=inputs.get("description"),
            EventPattern=inputs.get("eventPattern"),
            ScheduleExpression=inputs.get("scheduleExpression"),
            RoleArn=inputs.get("roleArn"),
            Tags=tag_list(inputs.get("tagsAll")) or None,
        ),
    )


def _create_rule(cloud: Cloud, inputs: Properties) -> str:
    name, bus = str(inputs["name"]), inputs["eventBusName"]
    _put_rule(cloud, name, inputs)
    return name if bus == _BUS else f"{bus}/{name}"


def _read_rule(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    events, (bus, name) = cloud.client("events"), _split(identity)
    rule = events.describe_rule(Name=name, EventBusName=bus)
    state = {"state": rule["State"]}
    if "isEnabled" in previous:
        state = {"isEnabled": rule["State"] == "ENABLED"}
    return {
        **state,
        "arn": rule["Arn"],
        "name": name,
        "eventBusName": rule.get("EventBusName", bus),
        "description": rule.get("Description", ""),
        "eventPattern": rule.get("EventPattern"),
        "scheduleExpression": rule.get("ScheduleExpression", ""),
        "roleArn": rule.get("RoleArn", ""),
        "tagsAll": tag_map(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]),
    }


def _update_rule(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _put_rule(cloud, _split(identity)[1], {**inputs, "tagsAll": {}})
    update_tags(cloud.client("events"), state, inputs, ResourceARN=state["arn"])


def _delete_rule(cloud: Cloud, identity: str, state: Properties) -> None:
    bus, name = _split(identity)
    cloud.client("events").delete_rule(Name=name, EventBusName=bus)


def _target_failures(inputs: Properties) -> Iterator[Failure]:
    given = [name for name in ("input", "inputPath", "inputTransformer") if inputs.get(name)]
    if len(given) > 1:
        yield Failure(given[0], f"only one of {', '.join(given)} can be set")
    service = str(inputs.get("arn", "")).split(":")[2:3]
    if service and service[0] not in _NO_ROLE_NEEDED and not inputs.get("roleArn"):
        yield Failure("roleArn", f"RoleArn is required for target {inputs['arn']}")


def _put_target(cloud: Cloud, inputs: Properties) -> None:
    target = present(
        Id=inputs["targetId"],
        Arn=inputs["arn"],
        RoleArn=inputs.get("roleArn"),
        Input=inputs.get("input"),
        InputPath=inputs.get("inputPath"),
    )
    if transformer := inputs.get("inputTransformer"):
        template = {"InputTemplate": transformer["inputTemplate"]}
        paths = transformer.get("inputPaths")
        target["InputTransformer"] = {**template, **({"InputPathsMap": paths} if paths else {})}
    target |= {api: to_api(inputs[name]) for name, api in _PARTS.items() if inputs.get(name)}
    bus = inputs["eventBusName"]
    cloud.client("events").put_targets(Rule=inputs["rule"], EventBusName=bus, Targets=[target])


def _create_target(cloud: Cloud, inputs: Properties) -> str:
    _put_target(cloud, inputs)
    return f"{inputs['rule']}-{inputs['targetId']}"


def _place(identity: str, state: Properties) -> tuple[str, str, str]:
    """Bus, rule and target: from the state, or from an id `[bus/]rule/target`."""
    if state.get("rule"):
        return state.get("eventBusName") or _BUS, state["rule"], state["targetId"]
    rule, _, target = identity.rpartition("/")
    return *_split(rule), target


def _read_target(cloud: Cloud, identity: str, previous: Properties) -> Properties | None:
    events, (bus, rule, target_id) = cloud.client("events"), _place(identity, previous)
    found = every(events, "list_targets_by_rule", "Targets", Rule=rule, EventBusName=bus)
    target = next((item for item in found if item["Id"] == target_id), None)
    if target is None:
        return None
    transformer = target.get("InputTransformer")
    return {
        **{name: from_api(target[api]) for name, api in _PARTS.items() if api in target},
        "rule": rule,
        "eventBusName": bus,
        "targetId": target_id,
        "arn": target["Arn"],
        "roleArn": target.get("RoleArn", ""),
        "input": target.get("Input"),
        "inputPath": target.get("InputPath", ""),
        "inputTransformer": transformer
        and {
            "inputPaths": transformer.get("InputPathsMap") or {},
            "inputTemplate": transformer["InputTemplate"],
        },
    }


def _update_target(cloud: Cloud, identity: str, state: Properties, inputs: Properties) -> None:
    _put_target(cloud, inputs)


def _delete_target(cloud: Cloud, identity: str, state: Properties) -> None:
    bus, rule, target = _place(identity, state)
    cloud.client("events").remove_targets(Rule=rule, EventBusName=bus, Ids=[target])


_PUT_TARGET = Call(
    "events",
    "PutTargets",
    {
        "": "Targets",
        "rule": "Rule",
        "eventBusName": "EventBusName",
        "targetId": "Targets.Id",
        "inputTransformer.inputPaths": "Targets.InputTransformer.InputPathsMap",
        "appsyncTarget": "Targets.AppSyncParameters",
        "batchTarget": "Targets.BatchParameters",
        "batchTarget.arraySize": "Targets.BatchParameters.ArrayProperties.Size",
        "batchTarget.jobAttempts": "Targets.BatchParameters.RetryStrategy.Attempts",
        "ecsTarget": "Targets.EcsParameters",
        "ecsTarget.capacityProviderStrategies": "Targets.EcsParameters.CapacityProviderStrategy",
        "ecsTarget.networkConfiguration": (
            "Targets.EcsParameters.NetworkConfiguration.awsvpcConfiguration"
        ),
        "ecsTarget.orderedPlacementStrategies": "Targets.EcsParameters.PlacementStrategy",
        "httpTarget": "Targets.HttpParameters",
        "kinesisTarget": "Targets.KinesisParameters",
        "redshiftTarget": "Targets.RedshiftDataParameters",
        "redshiftTarget.secretsManagerArn": "Targets.RedshiftDataParameters.SecretManagerArn",
        "runCommandTargets": "Targets.RunCommandParameters.RunCommandTargets",
        "sagemakerPipelineTarget": "Targets.SageMakerPipelineParameters",
        "sqsTarget": "Targets.SqsParameters",
    },
)

TYPES = (
    ResourceType(
        type="aws:cloudwatch/eventRule:EventRule",
        source="events/rule.go",
        calls=(Call("events", "PutRule"),),
        create=_create_rule,
        read=_read_rule,
        update=_update_rule,
        delete=_delete_rule,
        gone=names(_GONE),
        validate=_rule_failures,
        name=Autoname(length=64),
        defaults={"eventBusName": _BUS, "forceDestroy": False},
        replaces=names("eventBusName name namePrefix"),
        computed=names("name namePrefix state isEnabled"),
        write_only=names("forceDestroy"),
        outputs=names("arn"),
        same=policy("eventPattern"),
        tagged=True,
    ),
    ResourceType(
        type="aws:cloudwatch/eventTarget:EventTarget",
        source="events/target.go",
        calls=(_PUT_TARGET,),
        create=_create_target,
        read=_read_target,
        update=_update_target,
        delete=_delete_target,
        gone=names(_GONE),
        validate=_target_failures,
        name=Autoname("targetId", 64, prefix_property=""),
        required=names("arn rule"),
        defaults={"eventBusName": _BUS, "forceDestroy": False},
        replaces=names("eventBusName rule targetId"),
        computed=names("targetId"),
        write_only=names(
            "appsyncTarget batchTarget ecsTarget forceDestroy httpTarget kinesisTarget"
            " redshiftTarget runCommandTargets sagemakerPipelineTarget"
        ),
        same=policy("input"),
    ),
)
