"""Whatever operation is asked for, the answer has the form of its service."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.localcloud.cloud import Cloud
from tests.localcloud.handlers.minimal_requests import minimal

# Of each protocol, services that moto has, and one that it does not have.
SERVICES = {
    "query": ("iam", "sns", "elbv2", "cloudformation", "autoscaling"),
    "ec2": ("ec2",),
    "JSON": ("ssm", "logs", "dynamodb", "kms", "sagemaker", "comprehend"),
    "REST-JSON": ("lambda", "scheduler", "chatbot", "bedrock-agent", "efs", "braket"),
    "REST-XML": ("s3", "route53", "cloudfront"),
    "CBOR": ("cloudwatch", "eventbridgev2"),
}
SAMPLED = 8
SEED = 20261129


def client(url: str, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(parameter_validation=False, inject_host_prefix=False),
    )


def sample(client: Any) -> Iterator[tuple[str, Any]]:
    """Some operations of a service, the same at each run, each with its smallest request."""
    model = client.meta.service_model
    chance = random.Random(f"{SEED} {model.service_name}")  # noqa: S311 - the same each time
    names = list(model.operation_names)
    for name in chance.sample(names, min(SAMPLED, len(names))):
        shape = model.operation_model(name).input_shape
        yield name, minimal(shape) if shape else {}


@pytest.mark.parametrize("service", [each for group in SERVICES.values() for each in group])
def test_each_operation_succeeds_or_fails_in_its_services_form(cloud: Cloud, service: str):
    asked = client(cloud.server.url, service)

    for operation, arguments in sample(asked):
        try:
            # A streamed answer is not read.
            asked._make_api_call(operation, arguments)
        except ClientError as error:
            check(error.response, service, operation)


def check(answer: dict[str, Any], service: str, operation: str) -> None:
    """Checks the form of an error."""
    metadata, error = answer["ResponseMetadata"], answer["Error"]
    status, headers = metadata["HTTPStatusCode"], metadata["HTTPHeaders"]
    code, message = error["Code"], error.get("Message", "")
    # An answer to HEAD has no body, and so no code.
    assert not code.isdigit() or operation.startswith("Head"), (service, operation, error)
    assert code, (service, operation, error)
    assert "<html" not in message.lower(), (service, operation, error)
    if code == "NotImplemented":
        assert message.startswith(f"The local cloud does not have {service} {operation}"), message
        assert (status, metadata["RetryAttempts"]) == (400, 0), headers
    elif status >= 500:
        assert code in {"InternalFailure", "InternalError"}
        assert message.startswith(f"The local cloud failed at {service} {operation}"), message


def test_s3_control_has_a_buckets_tags_at_the_host_of_the_account(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
):
    """The official `aws` plugin asks so when it has made a bucket."""
    resolve = socket.getaddrinfo

    def loopback(host: str, *rest: Any, **named: Any) -> Any:
        return resolve("127.0.0.1" if host.endswith(".localhost") else host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", loopback)
    make: Any = boto3.client
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    url = cloud.server.url.replace("127.0.0.1", "localhost")
    control = make("s3control", region_name="us-east-1", endpoint_url=url, **keys)
    name = "tags-by-s3-control"
    cloud.client("s3").create_bucket(Bucket=name)
    bucket = {"AccountId": "123456789012", "ResourceArn": f"arn:aws:s3:::{name}"}
    tags = [{"Key": "team", "Value": "research"}]
    control.tag_resource(**bucket, Tags=tags)
    assert control.list_tags_for_resource(**bucket)["Tags"] == tags
    assert cloud.client("s3").get_bucket_tagging(Bucket=name)["TagSet"] == tags
