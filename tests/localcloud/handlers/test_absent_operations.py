"""No operation is carried out in place of another one, which moto lacks."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.protocol.validation import service_model
from tests.localcloud.cloud import Cloud

# Operations of S3 that moto would carry out as CreateBucket, DeleteObject and the like.
OF_S3 = [
    *(
        f"{verb}Bucket{kind}Configuration"
        for kind in ("Analytics", "IntelligentTiering", "Metrics")
        for verb in ("Delete", "Get", "Put")
    ),
    *(f"{verb}BucketMetadataConfiguration" for verb in ("Create", "Delete", "Get")),
    *(f"{verb}ObjectAnnotation" for verb in ("Delete", "Get", "Put")),
    "CreateSession",
    "DeleteBucketInventoryConfiguration",
    "GetBucketAbac",
    "GetBucketRequestPayment",
    "GetObjectRetention",
    "GetObjectTorrent",
    "ListBucketMetricsConfigurations",
    "ListObjectAnnotations",
    "PutBucketAbac",
    "PutBucketRequestPayment",
    "RenameObject",
    "UpdateBucketMetadataJournalTableConfiguration",
    "UpdateObjectEncryption",
]
# Of other services: operations at paths that also fit one of a service that moto has.
SHARED_PATHS = [
    ("bedrock-agent-runtime", "DeleteAgentMemory", {"agentId": "a", "agentAliasId": "b"}),
    ("lex-models", "DeleteBot", {"name": "bot"}),
    ("s3files", "ListFileSystems", {}),
    ("s3outposts", "ListEndpoints", {}),
]


def client(cloud: Cloud, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=cloud.server.url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(parameter_validation=False, s3={"addressing_style": "path"}),
    )


def refused(client: Any, operation: str, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        client._make_api_call(operation, arguments)
    reported = caught.value.response["Error"]
    return reported["Code"], reported["Message"]


@pytest.mark.parametrize("operation", OF_S3)
def test_an_operation_of_s3_that_is_not_there_does_nothing_else(cloud: Cloud, operation: str):
    named = {"Bucket": f"absent-{operation.lower()[:50]}", "Key": "k"}
    empty = {"Bucket": f"{named['Bucket'][:55]}-empty"}
    asked = client(cloud, "s3")
    asked.create_bucket(Bucket=named["Bucket"])
    asked.create_bucket(**empty)
    asked.put_object(**named, Body=b"content")
    shape: Any = service_model("s3").operation_model(operation).input_shape
    arguments = {
        name: {} if shape.members[name].type_name == "structure" else "x"
        for name in shape.required_members
    }
    given = named if "Key" in shape.members else empty

    error = refused(asked, operation, **{**arguments, **given})

    assert error[0] == "NotImplemented"
    assert error[1].startswith("The local cloud does not have s3 ")
    assert asked.list_objects_v2(**empty)["KeyCount"] == 0
    assert [each["Key"] for each in asked.list_objects_v2(Bucket=named["Bucket"])["Contents"]] == (
        ["k"]
    )
    assert asked.get_object(**named)["Body"].read() == b"content"


def test_directory_buckets_are_not_there(cloud: Cloud):
    code, message = refused(client(cloud, "s3"), "ListDirectoryBuckets")

    assert code == "NotImplemented"
    assert message.endswith(": directory buckets")


@pytest.mark.parametrize(("service", "operation", "arguments"), SHARED_PATHS)
def test_a_path_that_fits_two_services_is_no_operation_of_the_other(
    cloud: Cloud, service: str, operation: str, arguments: dict[str, Any]
):
    message = f"The local cloud does not have {service} {operation}"

    error = refused(client(cloud, service), operation, **arguments)

    assert error == ("NotImplemented", message)
