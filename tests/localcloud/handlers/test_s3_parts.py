"""Reads of one part of an object."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, refusal

PARTS = {1: b"a" * (5 << 20), 3: b"b" * (5 << 20), 4: b"last"}
SIZE = sum(map(len, PARTS.values()))


@pytest.fixture(scope="module")
def in_parts(cloud: Cloud) -> dict[str, str]:
    """An object of three parts, for which four were uploaded."""
    named = {"Bucket": BUCKET, "Key": f"in-parts-{uuid.uuid4().hex}"}
    upload = {**named, "UploadId": cloud.s3.create_multipart_upload(**named)["UploadId"]}

    def sent(number: int, body: bytes) -> dict[str, Any]:
        answer = cloud.s3.upload_part(**upload, PartNumber=number, Body=body)
        return {"PartNumber": number, "ETag": answer["ETag"]}

    sent(2, b"left out")
    parts = [sent(number, body) for number, body in PARTS.items()]
    cloud.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    return named


def test_a_part_is_read_alone_with_its_place_and_the_number_of_parts(
    cloud: Cloud, in_parts: dict[str, str]
):
    begin = 0
    for number, body in PARTS.items():
        head = cloud.s3.head_object(**in_parts, PartNumber=number)
        read = cloud.s3.get_object(**in_parts, PartNumber=number)

        place = f"bytes {begin}-{begin + len(body) - 1}/{SIZE}"
        begin += len(body)
        assert read["Body"].read() == body
        for answer in (head, read):
            assert (answer["ContentLength"], answer["ContentRange"]) == (len(body), place)
            assert answer["PartsCount"] == 3
            assert answer["ETag"].endswith('-3"')
            assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_part_that_an_object_has_not_is_refused(cloud: Cloud, in_parts: dict[str, str]):
    for number in (2, 5):
        assert refusal(cloud.s3.get_object, **in_parts, PartNumber=number)[0] == "InvalidPartNumber"
        assert refusal(cloud.s3.head_object, **in_parts, PartNumber=number)[0] == "416"
    both = {**in_parts, "PartNumber": 1, "Range": "bytes=0-1"}
    assert refusal(cloud.s3.get_object, **both)[0] == "InvalidRequest"


def test_an_object_that_came_at_once_has_one_part(cloud: Cloud):
    named = {"Bucket": BUCKET, "Key": f"in-parts-{uuid.uuid4().hex}"}
    cloud.s3.put_object(**named, Body=b"content")

    read = cloud.s3.get_object(**named, PartNumber=1)

    assert read["Body"].read() == b"content"
    assert read["ContentRange"] == "bytes 0-6/7"
    assert "PartsCount" not in read
    assert refusal(cloud.s3.get_object, **named, PartNumber=2)[0] == "InvalidPartNumber"
