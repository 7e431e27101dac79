"""Requests that S3 refuses although moto would carry them out."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, refusal

KMS = {"ServerSideEncryption": "aws:kms"}


@pytest.mark.parametrize(
    "name",
    [
        *("ab", "Upper-case", "under_score", "two..dots", "-first", "last-", ".first", "a.-b"),
        *("192.168.1.1", "xn--name", "sthree-name", "amzn-s3-demo-name", "name-s3alias"),
        *("name--ol-s3", "name.mrap", "name--table-s3", "n" * 64),
    ],
)
def test_a_bucket_has_a_name_that_s3_allows(cloud: Cloud, name: str):
    assert refusal(cloud.s3.create_bucket, Bucket=name)[0] == "InvalidBucketName"


@pytest.mark.parametrize("name", ["abc", "a.b", "1.2.3", "n" * 63, "a--b", "x-s3"])
def test_a_bucket_may_have_any_other_name(cloud: Cloud, name: str):
    cloud.s3.create_bucket(Bucket=name)
    cloud.s3.delete_bucket(Bucket=name)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Key": "k" * 1025}, "KeyTooLongError"),
        ({"Key": "é" * 513}, "KeyTooLongError"),
        ({"Metadata": {"note": "x" * 2045}}, "MetadataTooLarge"),
        ({"ServerSideEncryption": "rot13"}, "InvalidArgument"),
        ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": "key"}, "InvalidArgument"),
        ({"SSEKMSKeyId": "key"}, "InvalidArgument"),
    ],
)
def test_an_object_that_s3_refuses_is_not_stored(cloud: Cloud, changes: dict[str, Any], code: str):
    named = {"Bucket": BUCKET, "Key": f"refused-{uuid.uuid4().hex}", **changes}

    assert refusal(cloud.s3.put_object, **named, Body=b"x")[0] == code
    assert cloud.keys(named["Key"][:1000]) == []


def test_an_object_may_have_all_that_s3_allows(cloud: Cloud):
    for key in ("k" * 1024, "é" * 512):
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=b"", Metadata={"note": "x" * 2044})
        cloud.s3.delete_object(Bucket=BUCKET, Key=key)


def test_at_most_a_thousand_objects_are_deleted_at_once(cloud: Cloud):
    several = [{"Key": f"none-{number}"} for number in range(1001)]

    assert refusal(cloud.s3.delete_objects, Bucket=BUCKET, Delete={"Objects": several})[0] == (
        "MalformedXML"
    )
    cloud.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": several[:1000]})
