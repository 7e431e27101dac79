"""The artifact store's controls, read from AWS."""

from __future__ import annotations

from typing import Any

import pytest

from components.artifact_store.artifact_documents import key_policy
from tests.components.evaluation import denied
from tests.integration.full_platform.conftest import Platform
from tests.integration.full_platform.options import ACCESS_LOGS, ACCOUNT, ADMINISTRATOR, SITE, TAGS
from tests.integration.full_platform.store import bucket_policy_of, key_policy_of
from toolchain.environment import REGION

pytestmark = [pytest.mark.integration, pytest.mark.deep]

ENCRYPTION = "s3:x-amz-server-side-encryption"
KEY_HEADER = f"{ENCRYPTION}-aws-kms-key-id"


@pytest.fixture
def s3(platform: Platform) -> Any:
    return platform.client("s3")


@pytest.fixture
def bucket(platform: Platform) -> str:
    return str(platform.outputs["artifact_bucket_name"])


@pytest.fixture
def key(platform: Platform) -> str:
    return str(platform.outputs["artifact_key_arn"])


@pytest.fixture
def requests_are_denied(platform: Platform, s3: Any, bucket: str) -> Any:
    """Whether the bucket's policy refuses a request through its endpoint."""
    document = bucket_policy_of(s3, bucket)
    endpoint = s3_endpoint_of(platform)["VpcEndpointId"]

    def decide(action: str, **changes: str | None) -> bool:
        context = {
            "aws:SecureTransport": "true",
            "aws:SourceVpce": endpoint,
            "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/anybody",
        } | {_CONTEXT[name]: value for name, value in changes.items()}
        known = {name: value for name, value in context.items() if value is not None}
        place = "" if action == "s3:ListBucket" else "/output/model"
        return denied(document, action, f"arn:aws:s3:::{bucket}{place}", known)

    return decide


_CONTEXT = {
    "transport": "aws:SecureTransport",
    "endpoint": "aws:SourceVpce",
    "principal": "aws:PrincipalArn",
    "encryption": ENCRYPTION,
    "key": KEY_HEADER,
    "own_key": f"{ENCRYPTION}-customer-algorithm",
}


def test_nothing_in_the_bucket_can_be_public(s3: Any, bucket: str):
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())


def test_every_object_belongs_to_the_account(s3: Any, bucket: str):
    rules = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_what_is_overwritten_or_deleted_has_a_version(s3: Any, bucket: str):
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_objects_are_encrypted_with_the_stacks_key_by_default(s3: Any, bucket: str, key: str):
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    [rule] = encryption["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": key,
    }
    assert rule["BucketKeyEnabled"] is True


def test_a_key_that_a_client_sends_with_an_object_is_blocked(s3: Any, bucket: str):
    encryption = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    [rule] = encryption["Rules"]
    assert rule["BlockedEncryptionTypes"] == {"EncryptionType": ["SSE-C"]}


def test_plain_http_is_refused(requests_are_denied: Any):
    assert requests_are_denied("s3:GetObject", transport="false")
    assert not requests_are_denied("s3:GetObject")


def test_another_key_or_encryption_is_refused(requests_are_denied: Any, key: str):
    other = key.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    assert requests_are_denied("s3:PutObject", encryption="aws:kms", key=other)
    assert requests_are_denied("s3:PutObject", encryption="AES256")
    assert requests_are_denied("s3:PutObject", own_key="AES256")
    assert not requests_are_denied("s3:PutObject", encryption="aws:kms", key=key)
    assert not requests_are_denied("s3:PutObject")  # the bucket's default encryption


def test_objects_are_reached_only_through_the_endpoint_except_by_deployers(
    platform: Platform, requests_are_denied: Any
):
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert requests_are_denied(action, endpoint="vpce-of-another")
        assert requests_are_denied(action, endpoint=None)
        for deployer in (ADMINISTRATOR, platform.outputs["deployer_role_arn"]):
            assert not requests_are_denied(action, endpoint=None, principal=deployer)


def test_the_bucket_is_listed_from_outside_the_endpoint_by_the_execution_role_only(
    platform: Platform, requests_are_denied: Any
):
    role = platform.outputs["sagemaker_execution_role_arn"]
    assert requests_are_denied("s3:ListBucket", endpoint=None)
    assert not requests_are_denied("s3:ListBucket", endpoint=None, principal=role)
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"):
        assert requests_are_denied(action, endpoint=None, principal=role)


def test_checkpoints_old_versions_and_incomplete_uploads_expire(s3: Any, bucket: str):
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    by_name = {rule["ID"]: rule for rule in rules if rule["Status"] == "Enabled"}
    assert by_name.keys() == {
        "expire-checkpoints",
        "expire-noncurrent-versions",
        "abort-incomplete-uploads",
    }
    checkpoints = by_name["expire-checkpoints"]
    assert checkpoints["Filter"] == {"Prefix": "checkpoints/"}
    assert checkpoints["Expiration"]["Days"] == 9
    versions = by_name["expire-noncurrent-versions"]["NoncurrentVersionExpiration"]
    assert versions["NoncurrentDays"] == 5
    uploads = by_name["abort-incomplete-uploads"]["AbortIncompleteMultipartUpload"]
    assert uploads["DaysAfterInitiation"] == 7


def test_access_to_the_bucket_is_logged(s3: Any, bucket: str):
    logging = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert (logging["TargetBucket"], logging["TargetPrefix"]) == (ACCESS_LOGS, f"{bucket}/")


def test_the_key_rotates_and_is_found_by_the_buckets_name(
    platform: Platform, bucket: str, key: str
):
    kms = platform.client("kms")
    metadata = kms.describe_key(KeyId=f"alias/{bucket}")["KeyMetadata"]
    assert (metadata["Arn"], metadata["KeyState"]) == (key, "Enabled")
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_the_key_is_used_by_the_account_and_the_services_that_need_it(platform: Platform, key: str):
    document = key_policy_of(platform.client("kms"), key)
    assert document == key_policy(SITE, alerts=True)
    principals = [each["Principal"] for each in document["Statement"]]
    assert principals[0] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert all("AWS" not in each for each in principals[1:])


def test_bucket_and_key_carry_the_stacks_tags(platform: Platform, s3: Any, bucket: str, key: str):
    of_bucket = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    assert {each["Key"]: each["Value"] for each in of_bucket}.items() >= TAGS.items()
    of_key = platform.client("kms").list_resource_tags(KeyId=key)["Tags"]
    assert {each["TagKey"]: each["TagValue"] for each in of_key}.items() >= TAGS.items()


def test_what_was_uploaded_is_encrypted_with_the_stacks_key(s3: Any, bucket: str, key: str):
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    kinds = {each["Key"].partition("/")[0] for each in listed}
    assert {"source", "inputs", "checkpoints", "output"} <= kinds
    for each in listed:
        head = s3.head_object(Bucket=bucket, Key=each["Key"])
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", key), each["Key"]


def test_what_was_uploaded_carries_the_stacks_tags(s3: Any, bucket: str):
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    uploads = [each["Key"] for each in listed if each["Key"].startswith(("source/", "inputs/"))]
    assert uploads
    for key in uploads:
        tags = s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        assert {each["Key"]: each["Value"] for each in tags}.items() >= TAGS.items(), key


def s3_endpoint_of(platform: Platform) -> Any:
    """The S3 gateway endpoint of the stack's VPC."""
    filters = [
        {"Name": "vpc-id", "Values": [platform.outputs["vpc_id"]]},
        {"Name": "service-name", "Values": [f"com.amazonaws.{REGION}.s3"]},
    ]
    [endpoint] = platform.client("ec2").describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    return endpoint
