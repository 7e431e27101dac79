"""Where a stack's resources send data by themselves: to resources of the same stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.platform_rules.resource_types import BUCKETS
from training_policies.policy import Parameters, StackPolicy
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation

_NAME = "stack-destinations"
_TARGET = "aws:cloudwatch/eventTarget:EventTarget"
_EXPORTS = "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation"
_DESTINATIONS = {
    _TARGET: ("arn",),
    "aws:ec2/flowLog:FlowLog": ("logDestination",),
    _EXPORTS: ("dataRepositoryPath",),
    "aws:fsx/lustreFileSystem:LustreFileSystem": ("exportPath",),
    "aws:s3/bucketNotification:BucketNotification": (
        "lambdaFunctions.lambdaFunctionArn",
        "queues.queueArn",
        "topics.topicArn",
    ),
}
"""The properties that say where, by type; those of each item where they are lists."""

_REPLICATION = "replicationConfiguration"
"""The property of a bucket itself; as a resource of its own, no stack may have it."""

_BUCKET = re.compile("(s3://|arn:[^:]+:s3:::)[^/]+")


def _judge(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    own = set(_own_names(resources))
    # A text that is made from a resource's outputs can still name another account's resource.
    unnamed = {each.urn for each in resources if not isinstance(each.read("arn"), str)}
    for resource in resources:
        for name, destination in _destinations(resource):
            sources = resource.dependencies.get(name, ())
            if (
                destination is not UNKNOWN
                and not unnamed.intersection(sources)
                and _without_path(destination) not in own
                and not matches(destination, parameters["allowed"])
            ):
                yield _violation(resource, name, destination, parameters["allowed"])


def _own_names(resources: Sequence[Resource]) -> Iterator[str]:
    """The ARNs of the stack's resources and the names of its buckets, those that are known."""
    for resource in resources:
        if resource.type != _TARGET:  # whose `arn` is that of its target
            yield str(resource.read("arn"))
        if resource.type in BUCKETS:
            yield f"s3://{resource.read('bucket')}"


def _destinations(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Each destination, with the property that has it; one that is not known is UNKNOWN."""
    if resource.type == _EXPORTS and resource.read("s3.autoExportPolicy") is MISSING:
        return
    if resource.type in BUCKETS:
        rules = resource.read(f"{_REPLICATION}.rules")
        for index in range(len(rules)) if isinstance(rules, list) else ():
            yield _REPLICATION, resource.read(f"{_REPLICATION}.rules.{index}.destination.bucket")
    for path in _DESTINATIONS.get(resource.type, ()):
        name, _, inner = path.partition(".")
        value = resource.read(name)
        if inner and isinstance(value, list):
            items = [each.get(inner) for each in value if isinstance(each, Mapping)]
        else:
            items = [value]
        yield from ((name, each) for each in items if each not in (MISSING, None, ""))


def _without_path(destination: Any) -> str:
    """A destination in S3 without the prefix in its bucket; others as they are."""
    found = _BUCKET.match(str(destination))
    return found[0] if found else str(destination)


def _violation(resource: Resource, name: str, asked: Any, allowed: list[str]) -> Violation:
    line = json.dumps({_NAME: {"allowed": [*allowed, asked]}}, default=str)
    return Violation(
        f"where {resource.name} sends data, as {name} says",
        "who owns the destination reads what it gets, and it may be another account's",
        asked,
        allowed or "a resource of the stack",
        "send it to a resource of the stack, or ask for this line in the configuration: "
        f'"policies": {line}',
        resource.urn,
    )


DESTINATIONS = StackPolicy(
    name=_NAME,
    checks="notifications and replicas of buckets, events, flow logs and exports of file systems "
    "go to resources of their own stack",
    severity="high",
    controls=[nist("AC-4")],
    remedy="send it to a resource of the stack",
    parameters={
        "allowed": texts(
            [], "Patterns of the ARNs, and of the locations in S3, of other destinations."
        )
    },
    judge=_judge,
)
