"""Which actions a request to S3 demands."""

from __future__ import annotations

from typing import Any

import parliament  # type: ignore[import-untyped]
import pytest

from localcloud.authorization import s3_demands
from localcloud.protocol.s3_requests import S3Request
from tests.localcloud.cloud import BUCKET, Cloud

KNOWN = {
    privilege["privilege"]
    for service in parliament.iam_definition
    if service["prefix"] == "s3"
    for privilege in service["privileges"]
}


def actions(method: str, key: str = "", *query: str, **headers: str) -> list[str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = S3Request(method, "no-such-bucket", key, dict.fromkeys(query, "x"), named)
    return [each.action.removeprefix("s3:") for each in s3_demands.demands(request)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (actions("GET"), ["ListBucket"]),
        (actions("GET", "", "acl"), ["GetBucketAcl"]),
        (actions("PUT", "", "lifecycle"), ["PutLifecycleConfiguration"]),
        (actions("DELETE", "", "policy"), ["DeleteBucketPolicy"]),
        (actions("DELETE", "", "encryption"), ["PutEncryptionConfiguration"]),
        (actions("DELETE"), ["DeleteBucket"]),
        (actions("GET", "key", "versionId"), ["GetObjectVersion"]),
        (actions("GET", "key", "tagging", "versionId"), ["GetObjectVersionTagging"]),
        (actions("GET", "key", "attributes"), ["GetObject", "GetObjectAttributes"]),
        (actions("GET", "key", "retention"), ["GetObjectRetention"]),
        (actions("POST", "key", "select"), ["GetObject"]),
        (actions("PUT", "key", x_amz_tagging="a=b"), ["PutObject", "PutObjectTagging"]),
        (actions("PUT", "key", x_amz_acl="private"), ["PutObject", "PutObjectAcl"]),
        (actions("PUT", "key", if_match='"tag"'), ["PutObject", "GetObject"]),
        (actions("PUT", "key", if_none_match="*"), ["PutObject"]),
        (actions("DELETE", "key", if_match="*"), ["DeleteObject"]),
        (
            actions("PUT", "key", x_amz_copy_source="/b/k?versionId=1"),
            ["PutObject", "GetObjectVersion"],
        ),
    ],
)
def test_a_request_demands_what_aws_demands(found: list[str], expected: list[str]):
    assert found == expected


def test_another_parameter_does_not_hide_what_a_request_changes():
    assert actions("PUT", "", "a", "policy") == ["PutBucketPolicy"]
    assert actions("PUT", "", "acl", "policy") == ["PutBucketAcl", "PutBucketPolicy"]
    assert actions("GET", "key", "acl", "tagging") == ["GetObjectAcl", "GetObjectTagging"]


def test_each_key_of_a_list_of_deletions_is_demanded():
    body = b"<Delete><Object><Key>a</Key><Key>b</Key></Object><Object/></Delete>"
    request = S3Request("POST", "bucket", "", {"delete": ""}, {}, body)

    found: list[Any] = [each.resource for each in s3_demands.demands(request)]

    assert found == ["arn:aws:s3:::bucket/a", "arn:aws:s3:::bucket/b"]


def test_every_action_is_one_of_awss():
    for tables in (s3_demands._OBJECT, s3_demands._BUCKET):
        for by_name in tables.values():
            for action in (each for found in by_name.values() for each in found):
                assert {action.format(""), action.format("Version")} <= {*KNOWN}, action
    assert set(s3_demands._WRITTEN_WITH.values()) <= KNOWN


def test_a_key_with_a_semicolon_is_copied_whole(cloud: Cloud):
    for key in ("half", "half;whole"):
        cloud.put(key, key.encode())

    source = {"Bucket": BUCKET, "Key": "half;whole"}
    cloud.s3.copy_object(Bucket=BUCKET, Key="copied", CopySource=source)
    cloud.s3.copy_object(Bucket=BUCKET, Key="copied-2", CopySource=f"{BUCKET}/half;whole")

    assert (cloud.get("copied"), cloud.get("copied-2")) == (b"half;whole",) * 2
