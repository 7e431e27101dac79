"""ACLs and public policies: off in a new bucket, until its owner allows them."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, policy, refusal
from tests.localcloud.roles import allow

OWNERS = {"ACL": "bucket-owner-full-control"}


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    """A new bucket."""
    name = f"access-{uuid.uuid4().hex}"
    cloud.s3.create_bucket(Bucket=name)
    return name


def own_acls(cloud: Cloud, bucket: str) -> None:
    rules = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    cloud.s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)


def test_a_new_bucket_shows_that_it_blocks_public_access_and_has_no_acls(cloud: Cloud, bucket: str):
    block = cloud.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    controls = cloud.s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]

    assert list(block.values()) == [True] * 4
    assert controls == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}


@pytest.mark.parametrize(
    "acl", [{"ACL": "private"}, {"ACL": "public-read"}, {"GrantRead": "id=someone"}]
)
def test_a_bucket_without_acls_takes_only_its_owners(
    cloud: Cloud, bucket: str, acl: dict[str, str]
):
    named = {"Bucket": bucket, "Key": "key"}
    cloud.s3.put_object(**named, Body=b"first", **OWNERS)
    cloud.s3.put_object_acl(**named, **OWNERS)
    source = {"CopySource": {"Bucket": bucket, "Key": "key"}}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (cloud.s3.put_object, {**named, "Body": b"second"}),
        (cloud.s3.put_object_acl, named),
        (cloud.s3.put_bucket_acl, {"Bucket": bucket}),
        (cloud.s3.create_multipart_upload, named),
        (cloud.s3.copy_object, {**named, "Key": "copy", **source}),
    ]

    for call, arguments in calls:
        assert refusal(call, **arguments, **acl)[0] == "AccessControlListNotSupported"
    assert cloud.s3.get_object(**named)["Body"].read() == b"first"


def test_a_bucket_with_acls_takes_public_ones_once_they_are_not_blocked(cloud: Cloud, bucket: str):
    own_acls(cloud, bucket)
    cloud.s3.put_object(Bucket=bucket, Key="key", ACL="private")
    public = {"Bucket": bucket, "Key": "key", "ACL": "public-read"}
    everyone = {"GrantRead": 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'}

    assert refusal(cloud.s3.put_object, **public)[0] == "AccessDenied"
    assert refusal(cloud.s3.put_bucket_acl, Bucket=bucket, **everyone)[0] == "AccessDenied"
    cloud.s3.delete_public_access_block(Bucket=bucket)
    cloud.s3.put_object(**public)


def test_a_bucket_is_not_created_with_an_acl_that_it_could_not_have(cloud: Cloud):
    create, named = cloud.s3.create_bucket, {"Bucket": f"access-{uuid.uuid4().hex}"}
    owned = {**named, "ObjectOwnership": "ObjectWriter"}

    assert refusal(create, **named, ACL="public-read")[0] == "InvalidBucketAclWithObjectOwnership"
    assert (
        refusal(create, **owned, ACL="public-read")[0]
        == "InvalidBucketAclWithBlockPublicAccessError"
    )
    create(**named, ACL="private")


def test_a_public_policy_is_refused_until_it_is_not_blocked(cloud: Cloud, bucket: str):
    statement = allow("s3:GetObject", on=f"arn:aws:s3:::{bucket}/*", Principal="*")
    public = {"Bucket": bucket, "Policy": policy(statement)}
    limited = policy(
        {**statement, "Condition": {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}}
    )

    code, message = refusal(cloud.s3.put_bucket_policy, **public)
    assert code == "AccessDenied"
    assert "because public policies are blocked by the BlockPublicPolicy" in message
    cloud.s3.put_bucket_policy(Bucket=bucket, Policy=limited)
    cloud.s3.delete_public_access_block(Bucket=bucket)
    cloud.s3.put_bucket_policy(**public)
