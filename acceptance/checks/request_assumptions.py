"""What AWS does not document about requests to S3, and about the clock of who sends them."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from acceptance.finding import Checks, Finding, decided, refuted
from acceptance.scene import Scene
from acceptance.signed_requests import asked

REQUEST_ASSUMPTIONS = Checks("assumption")
_WHO = "/?Action=GetCallerIdentity&Version=2011-06-15"
_EMPTY = hashlib.sha256(b"").hexdigest()
_NO_CHECKSUM = Config(request_checksum_calculation="when_required")
_LEAST_PART = 5 * 2**20
_KEY = "output/acceptance-probe"


@REQUEST_ASSUMPTIONS.after(
    "up", "clocks", "A client's clock may be 5 minutes wrong, and 15 for S3, and no more."
)
def clocks(scene: Scene) -> Finding:
    """Requests are signed a minute within and a minute beyond the limit."""
    listed, signed = f"/{scene.bucket}?list-type=2", {"x-amz-content-sha256": _EMPTY}
    answers = {
        "4 minutes": asked(scene, "sts", _WHO, late=timedelta(minutes=4)),
        "6 minutes": asked(scene, "sts", _WHO, late=timedelta(minutes=6)),
        "14 minutes for S3": asked(scene, "s3", listed, late=timedelta(minutes=14), headers=signed),
        "16 minutes for S3": asked(scene, "s3", listed, late=timedelta(minutes=16), headers=signed),
    }
    shown = ", ".join(f"{late}: {answer.status}" for late, answer in answers.items())
    return decided([each.is_given for each in answers.values()] == [True, False] * 2, shown)


@REQUEST_ASSUMPTIONS.after(
    "up", "payload-header", "S3 wants the header x-amz-content-sha256 with a signature in a header."
)
def payload_header(scene: Scene) -> Finding:
    """The same request is sent with the header and without it."""
    path = f"/{scene.bucket}?list-type=2"
    answers = [
        asked(scene, "s3", path, headers=headers)
        for headers in ({"x-amz-content-sha256": _EMPTY}, {})
    ]
    return decided(
        [each.is_given for each in answers] == [True, False],
        f"with it: {answers[0].status}; without it: {answers[1].status}",
    )


@REQUEST_ASSUMPTIONS.after(
    "resume",
    "part-checksums",
    "A part needs the kind of checksum that its upload was begun with; without one, any is right.",
)
def part_checksums(scene: Scene) -> Finding:
    """A part with SHA-256 is sent to an upload with CRC32, and to one without a checksum."""
    s3, answers = scene.client("s3", _NO_CHECKSUM), []
    for begun in ({"ChecksumAlgorithm": "CRC32"}, {}):
        upload = s3.create_multipart_upload(Bucket=scene.bucket, Key=_KEY, **begun)["UploadId"]
        named = {"Bucket": scene.bucket, "Key": _KEY, "UploadId": upload}
        try:
            s3.upload_part(**named, PartNumber=1, Body=b"x", ChecksumAlgorithm="SHA256")
            answers.append("accepted")
        except ClientError as error:
            answers.append(error.response["Error"]["Code"])
        s3.abort_multipart_upload(**named)
    return decided(
        answers[0] != "accepted" and answers[1] == "accepted",
        f"begun with CRC32: {answers[0]}; begun without: {answers[1]}",
    )


@REQUEST_ASSUMPTIONS.after(
    "resume",
    "part-numbers",
    "The parts of an object keep the numbers with which they were uploaded.",
)
def part_numbers(scene: Scene) -> Finding:
    """An object of the parts 2 and 5 has these parts, and no part 1."""
    s3 = scene.client("s3", _NO_CHECKSUM)
    upload = s3.create_multipart_upload(Bucket=scene.bucket, Key=_KEY)["UploadId"]
    named = {"Bucket": scene.bucket, "Key": _KEY}
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**named, UploadId=upload, PartNumber=number, Body=b"x" * size)[
                "ETag"
            ],
        }
        for number, size in ((2, _LEAST_PART), (5, 1))
    ]
    s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload={"Parts": parts})
    found = []
    for number in (1, 2, 5):
        with suppress(ClientError):
            head = s3.head_object(**named, PartNumber=number)
            found.append((number, head["ContentLength"]))
    s3.delete_object(**named)
    return decided(found == [(2, _LEAST_PART), (5, 1)], f"parts that are read: {found}")


@REQUEST_ASSUMPTIONS.after(
    "resume", "no-checksum", "An object that was sent without a checksum has none."
)
def no_checksum(scene: Scene) -> Finding:
    """An object is sent without one, and its head asks for one."""
    s3, named = scene.client("s3", _NO_CHECKSUM), {"Bucket": scene.bucket, "Key": _KEY}
    s3.put_object(**named, Body=b"x")
    head: dict[str, Any] = s3.head_object(**named, ChecksumMode="ENABLED")
    s3.delete_object(**named)
    found = sorted(key for key in head if key.startswith("Checksum") and key != "ChecksumType")
    return decided(not found, f"its checksums: {', '.join(found) or 'none'}")


@REQUEST_ASSUMPTIONS.after(
    "resume", "no-access-lists", "A bucket without ACLs refuses `private` too."
)
def no_access_lists(scene: Scene) -> Finding:
    """An object is sent with the ACL `private`."""
    s3 = scene.client("s3")
    try:
        s3.put_object(Bucket=scene.bucket, Key=_KEY, Body=b"", ACL="private")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return decided(code == "AccessControlListNotSupported", f"it was answered with {code}")
    return refuted("the object was accepted")
