"""What an upload in parts leaves in the server's memory, and who may complete it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.corrections.corrections import correct_moto
from tests.localcloud.cloud import BUCKET, Cloud, eventually, stop

MEGABYTE = 1 << 20
SIZE = 48 * MEGABYTE
LEFT = 60
"""The most megabytes that uploads may leave in the server's memory."""


def memory(process: int) -> int:
    """The megabytes of memory that a process holds."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    [resident] = [line for line in lines if line.startswith("VmRSS:")]
    return int(resident.split()[1]) // 1024


@pytest.mark.deep
def test_uploads_leave_little_in_memory_and_the_places_of_their_parts(start: Callable[[], Cloud]):
    cloud = start()
    cloud.put("first", b"x")
    before = memory(cloud.server.pid)

    for number in range(4):
        cloud.s3.upload_fileobj(io.BytesIO(bytes([number]) * SIZE), BUCKET, "in-parts")

    eventually(lambda: memory(cloud.server.pid) < before + LEFT or None)
    stop(cloud)
    part = start().s3.get_object(Bucket=BUCKET, Key="in-parts", PartNumber=2)
    assert part["Body"].read() == b"\3" * 8 * MEGABYTE


def test_of_two_completions_at_a_time_one_finds_no_upload():
    correct_moto()
    from moto.s3.exceptions import NoSuchUpload
    from moto.s3.models import FakeMultipart

    upload = FakeMultipart("key", {}, "123456789012", "us-east-1")
    content = [b"a" * 5 * MEGABYTE, b"last"]
    named = [(at, upload.set_part(at, body).etag) for at, body in enumerate(content, 1)]
    pieces = []

    def overtaken() -> Iterator[tuple[int, str]]:
        yield from named
        pieces.extend(upload.complete(iter(named))[0])

    with pytest.raises(NoSuchUpload):
        upload.complete(overtaken())
    assert pieces == content
