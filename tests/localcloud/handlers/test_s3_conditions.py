"""Changes of objects that depend on what is there."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.cloud import BUCKET, Cloud, refusal

OTHER = '"00000000000000000000000000000000"'


@pytest.fixture
def stored(cloud: Cloud) -> dict[str, str]:
    """A new object."""
    named = {"Bucket": BUCKET, "Key": f"conditional-{uuid.uuid4().hex}"}
    cloud.s3.put_object(**named, Body=b"first")
    return named


def test_of_all_that_create_an_object_at_once_one_succeeds(cloud: Cloud):
    named = {"Bucket": BUCKET, "Key": f"conditional-{uuid.uuid4().hex}"}

    def create(number: int) -> str:
        try:
            cloud.s3.put_object(**named, Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(create, range(24)))

    assert sorted(answers) == [*["PreconditionFailed"] * 23, "created"]
    assert cloud.get(named["Key"]) == b"%d" % answers.index("created")


@pytest.mark.parametrize(
    ("operation", "condition", "code"),
    [
        ("put_object", {"IfMatch": OTHER}, "PreconditionFailed"),
        ("put_object", {"IfNoneMatch": "*"}, "PreconditionFailed"),
        ("put_object", {"IfNoneMatch": OTHER}, "NotImplemented"),
        ("delete_object", {"IfMatch": OTHER}, "PreconditionFailed"),
        ("copy_object", {"IfMatch": OTHER}, "PreconditionFailed"),
        ("copy_object", {"IfNoneMatch": "*"}, "PreconditionFailed"),
    ],
)
def test_a_change_whose_condition_does_not_hold_is_refused(
    cloud: Cloud, stored: dict[str, str], operation: str, condition: dict[str, str], code: str
):
    more: dict[str, Any] = {}
    if operation == "copy_object":
        more = {"CopySource": stored, "MetadataDirective": "REPLACE"}

    assert refusal(getattr(cloud.s3, operation), **stored, **condition, **more)[0] == code
    assert cloud.get(stored["Key"]) == b"first"


def test_a_change_whose_condition_holds_is_made(cloud: Cloud, stored: dict[str, str]):
    tag = cloud.s3.head_object(**stored)["ETag"]
    tag = cloud.s3.put_object(**stored, Body=b"second", IfMatch=tag)["ETag"]
    assert cloud.get(stored["Key"]) == b"second"
    cloud.s3.delete_object(**stored, IfMatch=tag)
    assert refusal(cloud.s3.put_object, **stored, Body=b"", IfMatch=tag)[0] == "NoSuchKey"


def test_an_upload_in_parts_is_completed_only_if_its_condition_holds(
    cloud: Cloud, stored: dict[str, str]
):
    upload = {**stored, "UploadId": cloud.s3.create_multipart_upload(**stored)["UploadId"]}
    part = {"ETag": cloud.s3.upload_part(**upload, PartNumber=1, Body=b"x")["ETag"]}
    parts = {"MultipartUpload": {"Parts": [{**part, "PartNumber": 1}]}}
    complete = cloud.s3.complete_multipart_upload

    for condition in ({"IfMatch": OTHER}, {"IfNoneMatch": "*"}):
        assert refusal(complete, **upload, **parts, **condition)[0] == "PreconditionFailed"
    cloud.s3.delete_object(**stored)
    for _ in range(2):
        complete(**upload, **parts, IfNoneMatch="*")
    assert cloud.get(stored["Key"]) == b"x"
