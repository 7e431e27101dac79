"""Requests that the service refuses, in its own words."""

from __future__ import annotations

import copy
import http.client
import json
from contextlib import closing
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, channel, refusal


@pytest.fixture(scope="module")
def valid(cloud: Cloud) -> dict[str, Any]:
    return cloud.request()


SIGNED = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/sagemaker/aws4_request, Signature=0"


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    document = copy.deepcopy(request)
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


INVALID = [
    (
        "TrainingJobName",
        "a job",
        "Value 'a job' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    (
        "RoleArn",
        None,
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ),
    (
        "ResourceConfig.InstanceCount",
        -1,
        "Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must "
        "have value greater than or equal to",
    ),
    (
        "ResourceConfig.InstanceType",
        "ml.t0.nano",
        "Value 'ml.t0.nano' at 'resourceConfig.instanceType' failed to satisfy constraint: Member "
        "must satisfy enum value set: [",
    ),
    ("ResourceConfig.InstanceCount", "1", "STRING_VALUE can not be converted to an Integer"),
    ("ResourceConfig.InstanceCount", 1.0, "NUMBER_VALUE can not be converted to an Integer"),
    (
        "Environment",
        {"1": "x"},
        "Value '{1=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: ",
    ),
    ("RetryStrategy", {"MaximumRetryAttempts": 99}, "less than or equal to 30"),
    (
        "StoppingCondition.MaxWaitTimeInSeconds",
        90,
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
    ),
    ("EnableManagedSpotTraining", True, "It must be present and be greater than or equal to"),
    ("StoppingCondition.MaxRuntimeInSeconds", 29 * 86_400, "must not be greater than 2419200"),
    (
        "InputDataConfig",
        [channel("code", "code/", RecordWrapperType="RecordIO")],
        "RecordWrapperType RecordIO is only supported with Pipe mode: channel code",
    ),
    (
        "InputDataConfig",
        [channel("code", "code/", InputMode="Pipe", S3DataType="AugmentedManifestFile")],
        "AttributeNames are required with S3DataType AugmentedManifestFile, and not supported "
        "otherwise: channel code",
    ),
    ("AlgorithmSpecification.MetricDefinitions", [{"Name": "m", "Regex": "("}], "Invalid Regex"),
    ("InputDataConfig", [channel("code", "none/")], 'No S3 objects found under S3 URL "s3://'),
    (
        "RoleArn",
        "arn:aws:iam::123456789012:role/absent",
        "Could not assume role arn:aws:iam::123456789012:role/absent.",
    ),
    ("OutputDataConfig.S3OutputPath", "s3://absent/x", "Access denied to OutputDataConfig S3"),
    ("Tags", [{"Key": "a", "Value": "1"}] * 2, "Duplicate tag key a"),
    *(
        (
            "CheckpointConfig",
            {"S3Uri": "s3://store/checkpoints/", "LocalPath": path},
            f"Invalid LocalPath {path}",
        )
        for path in ("/opt/ml/../../../../../tmp/out", "/opt/ml/checkpoints/..", "checkpoints", "/")
    ),
    ("InputDataConfig", [channel("..", "code/")], "Invalid channel name .."),
]


@pytest.mark.parametrize(("path", "value", "message"), INVALID)
def test_an_invalid_request_is_refused_in_the_services_words(
    cloud: Cloud, valid: dict[str, Any], path: str, value: Any, message: str
):
    request = changed(valid, path, value)

    code, answer = refusal(cloud.sagemaker.create_training_job, **request)

    assert message in answer
    expected = "SerializationException" if "converted" in message else "ValidationException"
    assert code == expected


def test_a_member_that_the_service_does_not_know_is_refused(cloud: Cloud, valid: dict[str, Any]):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=10)
    with closing(connection):
        connection.request(
            "POST",
            "/",
            json.dumps(valid | {"Colour": "red"}),
            {"X-Amz-Target": "SageMaker.CreateTrainingJob", "Authorization": SIGNED},
        )
        document = json.loads(connection.getresponse().read())

    assert document["__type"] == "ValidationException"
    assert "Unknown member 'Colour'" in document["message"]


def test_all_mistakes_of_shape_are_reported_at_once(cloud: Cloud, valid: dict[str, Any]):
    request = changed(valid, "RoleArn", "x" * 20) | {"TrainingJobName": "a job"}

    _, message = refusal(cloud.sagemaker.create_training_job, **request)

    assert message.startswith("2 validation errors detected: ")
