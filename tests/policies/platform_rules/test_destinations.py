from __future__ import annotations

from typing import Any

import pytest

from tests.policies.platform_rules.cases import ACCOUNT
from tests.policies.subjects import resource, violations
from training_policies.platform_rules.destinations import DESTINATIONS
from training_policies.resource import UNKNOWN, Resource

MINE, ANOTHER = (f"arn:aws:sns:us-east-1:{each}:topic" for each in (ACCOUNT, "999999999999"))
TOPIC = resource("aws:sns/topic:Topic", {"arn": MINE}, "topic")
STORE = resource("aws:s3/bucket:Bucket", {"bucket": "store", "arn": "arn:aws:s3:::store"}, "store")
LOGS = "aws:ec2/flowLog:FlowLog"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
FILES = "aws:fsx/lustreFileSystem:LustreFileSystem"
LINK = "aws:fsx/dataRepositoryAssociation:DataRepositoryAssociation"
EXPORTS = {"autoExportPolicy": {"events": ["NEW"]}}


def replicated(bucket: str) -> dict[str, Any]:
    return {"replicationConfiguration": {"rules": [{"destination": {"bucket": bucket}}]}}


def found(subject: Resource, **values: Any) -> list[Any]:
    return [each.asked for each in violations(DESTINATIONS, [TOPIC, STORE, subject], values)]


@pytest.mark.parametrize(
    ("type_", "inputs"),
    [
        (NOTIFICATION, {"bucket": "store", "topics": [{"topicArn": MINE}, {"topicArn": UNKNOWN}]}),
        (NOTIFICATION, {"bucket": "store", "eventbridge": True}),
        (NOTIFICATION, {"bucket": "store", "queues": UNKNOWN}),
        (TARGET, {"arn": MINE}),
        (LOGS, {"logDestination": UNKNOWN}),
        ("aws:s3/bucket:Bucket", replicated("arn:aws:s3:::store")),
        ("aws:s3/bucket:Bucket", {"replicationConfiguration": UNKNOWN}),
        (LOGS, {"logDestination": "arn:aws:s3:::store/flows/"}),
        (FILES, {"importPath": "s3://data/"}),
        (FILES, {"exportPath": "s3://store/export"}),
        (LINK, {"dataRepositoryPath": "s3://data/", "s3": {"autoImportPolicy": {}}}),
        (LINK, {"dataRepositoryPath": "s3://store/a/", "s3": EXPORTS}),
    ],
)
def test_what_stays_in_the_stack_passes(type_: str, inputs: dict[str, Any]):
    assert found(resource(type_, inputs)) == []


@pytest.mark.parametrize(
    ("type_", "inputs", "asked"),
    [
        (NOTIFICATION, {"topics": [{"topicArn": MINE}, {"topicArn": ANOTHER}]}, ANOTHER),
        (NOTIFICATION, {"queues": [{"queueArn": "arn:aws:sqs:a:9:q"}]}, "arn:aws:sqs:a:9:q"),
        (
            NOTIFICATION,
            {"lambdaFunctions": [{"lambdaFunctionArn": "arn:aws:lambda:a:9:function:f"}]},
            "arn:aws:lambda:a:9:function:f",
        ),
        (TARGET, {"arn": ANOTHER}, ANOTHER),
        ("aws:s3/bucket:Bucket", replicated("arn:aws:s3:::other"), "arn:aws:s3:::other"),
        (LOGS, {"logDestination": "arn:aws:s3:::stores"}, "arn:aws:s3:::stores"),
        (FILES, {"exportPath": "s3://stores/export"}, "s3://stores/export"),
        (LINK, {"dataRepositoryPath": "s3://data/", "s3": EXPORTS}, "s3://data/"),
    ],
)
def test_what_leaves_the_stack_is_a_violation_unless_it_is_allowed(
    type_: str, inputs: dict[str, Any], asked: str
):
    subject = resource(type_, inputs)
    assert found(subject) == [asked]
    assert found(subject, allowed=["arn:*", "s3://*"]) == []


def test_a_reference_to_a_resource_of_the_stack_is_its_own():
    unnamed = resource("aws:sqs/queue:Queue", {"name": "queue"}, "queue")
    subject = resource(
        NOTIFICATION,
        {"queues": [{"queueArn": "arn:aws:sqs:us-east-1:1:queue"}]},
        dependencies={"queues": [unnamed.urn]},
    )
    assert violations(DESTINATIONS, [unnamed, subject]) == []
    assert len(violations(DESTINATIONS, [subject])) == 1


def test_a_name_that_is_only_made_from_an_output_of_the_stack_is_not():
    subject = resource(TARGET, {"arn": ANOTHER}, dependencies={"arn": [TOPIC.urn]})
    assert found(subject) == [ANOTHER]
