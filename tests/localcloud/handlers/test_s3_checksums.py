"""What does not arrive at S3 as it was sent is refused, and not stored."""

from __future__ import annotations

import base64
import hashlib
import io
import uuid
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from localcloud.protocol.checksums import checksum
from tests.localcloud.cloud import BUCKET, Cloud, refusal
from tests.localcloud.signing import ask, code, sha256

BODY = b"content"
FIRST, LAST = b"x" * (5 << 20), b"last"


def text(algorithm: str, content: bytes = BODY) -> str:
    return base64.b64encode(checksum(algorithm, content)).decode()


def named(algorithm: str, content: bytes = BODY) -> dict[str, str]:
    return {f"x-amz-checksum-{algorithm}": text(algorithm, content)}


def chunked(trailer: str) -> tuple[bytes, dict[str, str]]:
    body = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32:%s\r\n\r\n" % (
        len(BODY),
        BODY,
        trailer.encode(),
    )
    return body, {
        "X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": str(len(BODY)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "Content-Encoding": "aws-chunked",
    }


def put(cloud: Cloud, headers: dict[str, str], body: bytes = BODY) -> tuple[str, list[str]]:
    """The code of the answer to an upload, and the keys that it left."""
    key = f"checked-{uuid.uuid4().hex}"
    answer = code(ask(cloud, "PUT", f"/{BUCKET}/{key}", body, headers))
    return answer, [found.replace(key, "key") for found in cloud.keys(key)]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (sha256(b"other"), "400 XAmzContentSHA256Mismatch"),
        ({"X-Amz-Content-SHA256": "SIGNED"}, "400 InvalidArgument"),
        ({"X-Amz-Content-SHA256": ""}, "400 InvalidRequest"),
        ({"Content-MD5": text("md5", b"other")}, "400 BadDigest"),
        ({"Content-MD5": "no digest"}, "400 InvalidDigest"),
        ({"Content-MD5": text("sha1")}, "400 InvalidDigest"),
        *(
            (named(algorithm, b"other"), "400 BadDigest")
            for algorithm in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")
        ),
        ({"x-amz-checksum-crc32": "AA=="}, "400 InvalidRequest"),
        ({**named("crc32"), **named("sha1")}, "400 InvalidRequest"),
        ({**named("crc32"), "X-Amz-Sdk-Checksum-Algorithm": "SHA1"}, "400 InvalidRequest"),
        ({"X-Amz-Sdk-Checksum-Algorithm": "SHA1"}, "400 InvalidRequest"),
        ({"x-amz-checksum-xxhash64": "AAAAAAAAAAA="}, "400 NotImplemented"),
    ],
)
def test_a_body_without_its_checksum_is_not_stored(
    cloud: Cloud, headers: dict[str, str], expected: str
):
    assert put(cloud, headers) == (expected, [])


@pytest.mark.parametrize(
    "headers",
    [
        sha256(BODY),
        {"Content-MD5": text("md5")},
        *(named(each) for each in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")),
    ],
)
def test_a_body_with_its_checksum_is_stored(cloud: Cloud, headers: dict[str, str]):
    assert put(cloud, headers) == ("200", ["key"])


def test_a_checksum_at_the_end_of_a_body_counts_too(cloud: Cloud):
    body, headers = chunked(text("crc32"))
    assert put(cloud, headers, body) == ("200", ["key"])
    body, headers = chunked(text("crc32", b"other"))
    assert put(cloud, headers, body) == ("400 BadDigest", [])
    assert put(cloud, {**headers, **named("crc32")}, body)[0] == "400 InvalidRequest"
    assert put(cloud, {**headers, "X-Amz-Decoded-Content-Length": "6"}, body) == (
        "400 IncompleteBody",
        [],
    )


def test_a_checksum_is_read_back_though_only_its_own_header_named_it(cloud: Cloud):
    for algorithm in ("crc32c", "crc64nvme"):
        key = f"checked-{uuid.uuid4().hex}"
        ask(cloud, "PUT", f"/{BUCKET}/{key}", BODY, named(algorithm))
        found = cloud.s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
        assert found[f"Checksum{algorithm.upper()}"] == text(algorithm)


def test_objects_are_deleted_only_with_a_checksum_of_their_list(cloud: Cloud):
    key = f"checked-{uuid.uuid4().hex}"
    cloud.put(key, BODY)
    body = f"<Delete><Object><Key>{key}</Key></Object></Delete>".encode()

    assert code(ask(cloud, "POST", f"/{BUCKET}?delete", body)) == "400 InvalidRequest"
    assert cloud.keys(key) == [key]
    digest = {"Content-MD5": text("md5", body)}
    assert code(ask(cloud, "POST", f"/{BUCKET}?delete", body, digest)) == "200"
    assert cloud.keys(key) == []


Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def upload(
    cloud: Cloud, begun: dict[str, str], of_parts: dict[str, str], change: Change, **end: Any
) -> Any:
    """Uploads an object in two parts, whose list is changed before it is completed."""
    named = {"Bucket": BUCKET, "Key": f"checked-{uuid.uuid4().hex}"}
    upload = {**named, "UploadId": cloud.s3.create_multipart_upload(**named, **begun)["UploadId"]}
    parts = []
    for number, body in enumerate((FIRST, LAST), 1):
        sent = cloud.s3.upload_part(**upload, PartNumber=number, Body=body, **of_parts)
        kept = {key: value for key, value in sent.items() if key.startswith(("ETag", "Checksum"))}
        parts.append({"PartNumber": number, **kept})
    return cloud.s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": change(parts)}, **end
    )


SHA256 = {"ChecksumAlgorithm": "SHA256"}
WHOLE = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}


def same(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return parts


@pytest.mark.parametrize(
    ("begun", "of_parts", "change", "end", "expected"),
    [
        ({}, {}, lambda parts: parts[::-1], {}, "InvalidPartOrder"),
        ({}, {}, lambda parts: [parts[0], parts[0]], {}, "InvalidPartOrder"),
        ({}, {}, lambda parts: [{**part, "ETag": "0" * 32} for part in parts], {}, "InvalidPart"),
        (SHA256, {}, same, {}, "InvalidRequest"),
        (
            SHA256,
            SHA256,
            lambda parts: [{**part, "ChecksumSHA256": text("sha256")} for part in parts],
            {},
            "InvalidPart",
        ),
        (
            SHA256,
            SHA256,
            lambda parts: [{name: part[name] for name in ("PartNumber", "ETag")} for part in parts],
            {},
            "InvalidRequest",
        ),
        (SHA256, SHA256, same, {"ChecksumSHA256": text("sha256")}, "BadDigest"),
        (WHOLE, {}, same, {"ChecksumCRC32": text("crc32")}, "BadDigest"),
    ],
)
def test_parts_that_are_not_those_that_were_sent_make_no_object(
    cloud: Cloud,
    begun: dict[str, str],
    of_parts: dict[str, str],
    change: Change,
    end: dict[str, str],
    expected: str,
):
    assert (
        refusal(
            lambda **given: upload(cloud, begun, of_parts, change, **given),
            **end,
        )[0]
        == expected
    )


def test_an_object_in_parts_has_its_checksum(cloud: Cloud):
    whole = {"ChecksumCRC32": text("crc32", FIRST + LAST), "ChecksumType": "FULL_OBJECT"}
    assert upload(cloud, WHOLE, {}, same, **whole)["ETag"].endswith('-2"')
    assert upload(cloud, SHA256, SHA256, same)["ETag"].endswith('-2"')

    key = f"checked-{uuid.uuid4().hex}"
    parts = TransferConfig(multipart_threshold=1 << 20, multipart_chunksize=5 << 20)
    cloud.s3.upload_fileobj(io.BytesIO(FIRST + LAST), BUCKET, key, Config=parts)
    found = cloud.s3.get_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    checks = b"".join(zlib.crc32(part).to_bytes(4, "big") for part in (FIRST, LAST))
    assert found["ChecksumCRC32"] == f"{text('crc32', checks)}-2"
    assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(FIRST + LAST).digest()


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_an_object_with_the_content_type_of_a_form_keeps_its_content(cloud: Cloud, kind: str):
    key, body = f"form-{uuid.uuid4().hex}", b"key=value&acl=&tagging="

    assert code(ask(cloud, "PUT", f"/{BUCKET}/{key}", body, {"Content-Type": kind})) == "200"

    found = cloud.s3.get_object(Bucket=BUCKET, Key=key)
    assert (found["Body"].read(), found["ContentType"]) == (body, kind)
