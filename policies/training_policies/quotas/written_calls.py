"""The policy that no workflow, command or function of a stack asks for capacity by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi import AssetArchive, StringAsset

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation

_NAME = "quota-written-calls"
_WHY = "no quota counts what it uses, and no policy sees how it is protected"

_CALL = re.compile(
    r"(?i)(?:"
    # The service and one of its verbs, as in `sagemaker:createEndpoint` or `sagemaker start-…`.
    r"\bsagemaker['\")\s:./_-]{1,8}(?:create|start)"
    r"(?![-_]?(?:model|presigned|action\b|artifact|context|experiment|trial|device|human|image|code))"
    r"|"
    # A name that says enough by itself.
    r"\bcreate[-_]?(?:training|hyper[-_]?parameter[-_]?tuning|processing|transform|labeling"
    r"|auto[-_]?ml|compilation|optimization|edge[-_]?packaging|inference[-_]?recommendations)"
    r"[-_]?job"
    r"|\b(?:create|start)[-_]?(?:notebook[-_]?instance|monitoring[-_]?schedule"
    r"|mlflow[-_]?tracking[-_]?server|inference[-_]?experiment)"
    r"|\bcreate[-_]?(?:training[-_]?plan|endpoint[-_]?config)"
    r"|\bstart[-_]?pipeline[-_]?execution"
    r")[a-z0-9_-]*"
)
"""A call of SageMaker that takes instances, as it is written in code, commands and workflows."""

_INTEGRATION = re.compile(r"arn:[a-z-]+:(?:states|scheduler):::([A-Za-z0-9:._-]+)")
"""What a state machine's task or a schedule calls, as `aws-sdk:sagemaker:describeTrainingJob`."""

_KNOWN_INTEGRATIONS = (
    "aws-sdk:sagemaker:addTags",
    "aws-sdk:sagemaker:describe*",
    "aws-sdk:sagemaker:list*",
    "aws-sdk:sagemaker:search",
    "aws-sdk:sagemaker:stop*",
    "aws-sdk:cloudwatch:putMetricData",
    "events:putEvents*",
    "sns:publish*",
    "aws-sdk:sns:publish*",
    "sqs:sendMessage*",
    "aws-sdk:sqs:sendMessage*",
)

_ESCAPED = re.compile(r"(?<!\\)\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8}))")
"""A character as JSON, YAML and most languages may write it, however often it was quoted."""

_ONLY_NAMES_IT = (
    "aws:cloudwatch/compositeAlarm:",
    "aws:cloudwatch/dashboard:",
    "aws:cloudwatch/eventRule:",
    "aws:cloudwatch/logMetricFilter:",
    "aws:cloudwatch/metricAlarm:",
    "aws:cloudwatch/queryDefinition:",
    "aws:ec2/vpcEndpoint:",
    "aws:ec2/vpcEndpointPolicy:",
    "aws:iam/",
)
"""The beginnings of types whose resources allow or watch a call, and never make it."""


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if resource.is_component or resource.type.startswith(_ONLY_NAMES_IT):
        return
    read = [_unescaped(text) for text in _texts(resource.read())]
    allowed = [*_KNOWN_INTEGRATIONS, *parameters["allowed"]]
    named = {name.rstrip(".:") for text in read for name in _INTEGRATION.findall(text)}
    unknown = sorted(name for name in named if not matches(name, allowed))
    if unknown:
        yield from (_integration(name, parameters["allowed"]) for name in unknown)
        return
    left = (_INTEGRATION.sub("", text) for text in read)
    for call in sorted({found[0] for text in left if (found := _CALL.search(text))}):
        yield Violation(f"a call of {call} outside of a training job", _WHY, call, "training jobs")


def _integration(name: str, allowed: list[str]) -> Violation:
    line = json.dumps({_NAME: {"allowed": [*allowed, name]}})
    return Violation(
        what="a call that the policies do not know",
        why=f"it may use capacity: then {_WHY}",
        asked=name,
        allowed=", ".join([*_KNOWN_INTEGRATIONS, *allowed]),
        remedy="call something else, or ask for this line in the configuration: "
        f'"policies": {line}',
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep, and those of assets that hold their text."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, Mapping):
            left += each.values()
        elif isinstance(each, list):
            left += each
        elif isinstance(each, StringAsset):
            left.append(each.text)
        elif isinstance(each, AssetArchive):
            left.append(each.assets)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(_character, text)


def _character(escape: re.Match[str]) -> str:
    digits = next(filter(None, escape.groups()))
    number = int(digits, 16)
    return chr(number) if number <= 0x10FFFF else escape[0]


WRITTEN_CALLS = Policy(
    name=_NAME,
    checks="no workflow, command or code that a stack holds asks SageMaker for instances",
    severity="high",
    controls=[nist("SC-6"), nist("CM-7")],
    remedy="make it a training job, or have it exempted",
    parameters={
        "allowed": texts(
            [],
            "Patterns of calls that state machines and schedules may make besides those known, as "
            "in their ARNs after `:::`.",
        )
    },
    applies=lambda _: True,
    judge=_judge,
)
