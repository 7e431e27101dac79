"""Channels by manifest and by pipe, and a disk that they fill."""

from __future__ import annotations

import gzip
import io
import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody

from localcloud.sagemaker.data.channels import fetch
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.data.pipes import Pipe
from localcloud.sagemaker.data.sources import manifest
from localcloud.sagemaker.data.streams import Stream, record
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from tests.localcloud.cloud import BUCKET, Cloud, channel, resources

HERE = Location("bucket", "data.manifest")


class Bucket:
    """Objects by their keys, as S3's client shows them."""

    def __init__(self, **objects: bytes) -> None:
        self._objects = objects

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
        content = self._objects[Key]
        return {"Body": StreamingBody(io.BytesIO(content), len(content))}

    def get_paginator(self, _operation: str) -> Bucket:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: ARG002, N803
        keys = sorted(key for key in self._objects if key.startswith(Prefix))
        return [{"Contents": [{"Key": key} for key in keys]}]


def stream(bucket: Bucket, share: tuple[int, int] = (0, 1), **changes: Any) -> Stream:
    return Stream(bucket, channel("train", "data", **changes), share)


def read(stream: Stream, epoch: int = 0) -> bytes:
    return b"".join(stream.epoch(epoch))


THREE = Bucket(data1=b"one", data2=b"two", data3=b"three", other=b"4")


def test_a_pipe_holds_all_objects_one_after_the_other():
    assert read(stream(THREE)) == read(stream(THREE), 1) == b"onetwothree"


def test_a_sharded_pipe_holds_the_hosts_share():
    shares = [
        read(stream(THREE, (host, 2), S3DataDistributionType="ShardedByS3Key")) for host in (0, 1)
    ]

    assert shares == [b"onethree", b"two"]


def test_a_shuffled_pipe_has_another_order_each_epoch_and_the_same_each_time():
    bucket = Bucket(**{f"data{number}": bytes([number]) for number in range(20)})
    shuffled = stream(bucket, ShuffleConfig={"Seed": 7})

    epochs = [read(shuffled, epoch) for epoch in range(3)]

    assert len(set(epochs)) == 3
    assert {bytes(sorted(epoch)) for epoch in epochs} == {bytes(range(20))}
    assert epochs[1] == read(stream(bucket, ShuffleConfig={"Seed": 7}), 1)


def test_a_pipe_holds_what_was_compressed():
    bucket = Bucket(data1=gzip.compress(b"one") + gzip.compress(b"more"), data2=gzip.compress(b"2"))

    assert read(stream(bucket, CompressionType="Gzip")) == b"onemore2"


def test_a_record_is_padded_to_words():
    assert record(b"12345") == struct.pack("<II", 0xCED7230A, 5) + b"12345\0\0\0"
    assert read(stream(THREE, RecordWrapperType="RecordIO")) == (
        record(b"one") + record(b"two") + record(b"three")
    )


def test_an_augmented_manifests_attributes_come_in_their_order_and_references_as_objects():
    lines = [{"source-ref": f"s3://bucket/x{number}", "label": number} for number in range(2)]
    bucket = Bucket(data="\n".join(map(json.dumps, lines)).encode(), x0=b"image 0", x1=b"image 1")
    names = ["source-ref", "label"]

    augmented = stream(bucket)
    source = augmented._channel["DataSource"]["S3DataSource"]
    source |= {"S3DataType": "AugmentedManifestFile", "AttributeNames": names}

    assert read(augmented) == b"image 00image 11"
    source["AttributeNames"] = ["none"]
    with pytest.raises(ClientError, match="not a JSON object with none"):
        read(augmented)


def test_a_manifest_is_a_prefix_and_suffixes():
    text = json.dumps([{"prefix": "s3://other/some/"}, "a/b", "c"]).encode()

    assert manifest(text, HERE) == [
        (Location("other", "some/a/b"), "a/b"),
        (Location("other", "some/c"), "c"),
    ]


PREFIX = b'[{"prefix": "s3://bucket/b"}, '


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b'["s3://bucket/b"]',
        b'[{"prefix": "/a"}]',
        b'[{"prefix": 5}]',
        b'[{"prefix": "s3://a bucket/b"}]',
        b'[{"prefix": "s3://bucket"}, "-of-another/c"]',
        *(PREFIX + entry + b"]" for entry in (b"5", b"null", b"{}", b'"\\ud800"', b'"\\u0000"')),
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda text: text[:40].decode(errors="replace"),
)
def test_what_is_no_manifest_is_reported(text: bytes):
    with pytest.raises(ClientError, match="is not an array of a prefix"):
        manifest(text, HERE)


def test_a_job_receives_what_its_manifest_names(cloud: Cloud):
    cloud.put("manifest/a/one", b"1")
    cloud.put("manifest/two", b"2")
    document = [{"prefix": f"s3://{BUCKET}/manifest/"}, "a/one", "two"]
    cloud.put("manifests/all", json.dumps(document).encode())
    request = cloud.request(
        """
        import pathlib
        data = pathlib.Path('/opt/ml/input/data/data')
        print(*sorted(path.relative_to(data).as_posix() for path in data.rglob('*')))
        """
    )
    request["InputDataConfig"].append(channel("data", "manifests/all", S3DataType="ManifestFile"))

    job = cloud.run(**request)

    assert job["TrainingJobStatus"] == "Completed"
    assert cloud.lines(job["TrainingJobName"]) == ["a a/one two"]


def test_a_job_reads_a_pipe_for_each_epoch_and_may_leave_one_half_read(cloud: Cloud):
    for number in range(3):
        cloud.put(f"piped/{number}", bytes([48 + number]) * 300_000)
    request = cloud.request(
        """
        import os
        path = '/opt/ml/input/data/data'
        print(os.path.exists(path + '_0'), os.path.exists(path + '_1'))
        open(path + '_0', 'rb').read(10)
        for epoch in (1, 2):
            content = open(f'{path}_{epoch}', 'rb').read()
            print(epoch, len(content), ''.join(sorted(set(content.decode()))))
        """,
        ResourceConfig=resources(2),
    )
    request["InputDataConfig"].append(
        channel("data", "piped/", InputMode="Pipe", S3DataDistributionType="ShardedByS3Key")
    )

    job = cloud.run(**request)

    assert job["TrainingJobStatus"] == "Completed"
    lines = cloud.lines(job["TrainingJobName"])
    assert sorted(lines) == sorted(
        ["True False"] * 2
        + [f"{epoch} 600000 02" for epoch in (1, 2)]
        + [f"{epoch} 300000 1" for epoch in (1, 2)]
    )


def test_a_pipe_whose_data_are_gone_fails_the_job(cloud: Cloud):
    cloud.put("vanishing/data", b"x")
    request = cloud.request(
        """
        import itertools, time
        for epoch in itertools.count():
            open(f'/opt/ml/input/data/data_{epoch}', 'rb').read()
            if not epoch:
                print('running')
            time.sleep(0.05)
        """
    )
    request["InputDataConfig"].append(channel("data", "vanishing/", InputMode="Pipe"))
    name = cloud.create(**request)
    cloud.wait_for_line(name, "running")

    cloud.s3.delete_object(Bucket=BUCKET, Key="vanishing/data")

    job = cloud.ended(name)
    assert job["TrainingJobStatus"] == "Failed"
    # At the listing or at the object itself.
    assert job["FailureReason"].startswith("ClientError: Data download failed:No")
    assert f"(channel data, s3://{BUCKET}/vanishing/" in job["FailureReason"]
    assert "Stopping" not in {row["Status"] for row in job["SecondaryStatusTransitions"]}


ZIPPED = gzip.compress(b"some data " * 100_000, mtime=0)
COMPRESSED: dict[str, Any] = {"CompressionType": "Gzip"}
NO_GZIP = {
    "not compressed": b"some data",
    "cut off": ZIPPED[:-20],
    "changed": ZIPPED[:500] + b"changed" + ZIPPED[507:],
    "another length": ZIPPED[:-4] + b"\0\0\0\0",
    "something behind it": ZIPPED + b"behind it",
}


@pytest.mark.parametrize("wrapped", [{}, {"RecordWrapperType": "RecordIO"}], ids=["", "RecordIO"])
@pytest.mark.parametrize("content", NO_GZIP.values(), ids=NO_GZIP)
def test_what_is_no_whole_gzip_is_reported_with_its_channel_and_object(
    content: bytes, wrapped: dict[str, Any]
):
    bucket = Bucket(data1=ZIPPED, data2=content)

    with pytest.raises(
        ClientError, match=r"gzip.*\(channel train, s3://training-artifacts/data2\)"
    ):
        read(stream(bucket, **COMPRESSED, **wrapped))


@pytest.mark.parametrize(
    "line",
    [
        b"5",
        b'"text-ref"',
        b"null",
        b"[]",
        b"{}",
        b"{",
        b"\xff",
        b"[" * 100_000,
        b'{"text-ref": "relative/path", "label": 1}',
        b'{"text-ref": "s3://bucket", "label": 1}',
        b'{"text-ref": "s3://a bucket/key", "label": 1}',
        b'{"text-ref": "s3://bucket/\\ud800", "label": 1}',
        b'{"text-ref": 5, "label": 1}',
        b'{"text-ref": null, "label": 1}',
        b'{"text-ref": "s3://training-artifacts/other"}',
        b'{"text-ref": "s3://training-artifacts/other", "label": "\\ud800"}',
    ],
    ids=lambda line: line[:60].decode(errors="replace"),
)
def test_an_invalid_line_is_reported_with_its_channel_and_number(line: bytes):
    good = b'{"text-ref": "s3://training-artifacts/other", "label": "good"}'
    bucket = Bucket(data=b"\n".join([good, b"", line, good]), other=b"text")
    source = augmented(bucket, "text-ref", "label")
    found = source.epoch(0)

    assert [next(found), next(found)] == [b"text", b"good"]
    with pytest.raises(
        ClientError, match=r"\(channel train, s3://training-artifacts/data line 3\)"
    ):
        list(found)


def augmented(bucket: Any, *names: str) -> Stream:
    document = channel("train", "data", S3DataType="AugmentedManifestFile")
    document["DataSource"]["S3DataSource"]["AttributeNames"] = list(names)
    return Stream(bucket, document, (0, 1))


class Broken(io.RawIOBase):
    """An object of which half can be read."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._pieces = [b"half"]

    def read(self, _size: int = -1) -> bytes:
        if not self._pieces:
            raise self._error
        return self._pieces.pop()


@pytest.mark.parametrize(
    "error",
    [
        ReadTimeoutError(endpoint_url="http://127.0.0.1"),
        ConnectionResetError("gone"),
        ZeroDivisionError("unheard of"),
        ClientError("The owner's mistake"),
    ],
)
def test_whatever_breaks_a_pipe_fails_the_job_before_its_script_takes_it_for_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
):
    def fail(reported: Exception) -> None:
        failures.append(reported)
        assert os.read(script, 10) == b"half"
        with pytest.raises(BlockingIOError):  # the pipe is not at its end
            os.read(script, 10)

    failures: list[Exception] = []
    bucket = Bucket(data1=b"")
    bucket.get_object = lambda **_: {"Body": Broken(error)}  # type: ignore[method-assign]
    pipe = Pipe(tmp_path / "train", stream(bucket), fail)
    script = os.open(tmp_path / "train_0", os.O_RDONLY | os.O_NONBLOCK)
    pipe.start()
    pipe._thread.join()

    assert os.read(script, 10) == b""
    os.close(script)
    [reported] = failures
    assert "(channel train, s3://training-artifacts/data1)" in str(reported)
    assert isinstance(reported, ClientError) == isinstance(error, ClientError)
    assert len(caplog.records) == (not isinstance(error, ClientError))


def test_a_reader_that_closes_early_and_one_that_takes_its_pipe_away_are_no_failures(
    tmp_path: Path,
):
    failures: list[Exception] = []
    pipe = Pipe(tmp_path / "train", stream(Bucket(data1=b"some data" * 100_000)), failures.append)
    pipe.start()
    script = os.open(tmp_path / "train_0", os.O_RDONLY)
    os.read(script, 10)
    os.close(script)
    with (tmp_path / "train_1").open("rb") as again:
        assert again.read(4) == b"some"
    (tmp_path / "train_2").unlink()
    pipe._thread.join()

    assert failures == []


def test_a_job_whose_pipe_breaks_is_not_completed_and_says_why(cloud: Cloud):
    cloud.put("broken/1", ZIPPED)
    cloud.put("broken/2", ZIPPED[:-20])

    request = cloud.request("print(len(open('/opt/ml/input/data/data_0', 'rb').read()))")
    request["InputDataConfig"].append(channel("data", "broken/", InputMode="Pipe", **COMPRESSED))

    job = cloud.run(**request)

    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith(
        "ClientError: Data download failed:Not a complete gzip: Compressed file ended"
    )
    assert reason.endswith(f"(channel data, s3://{BUCKET}/broken/2)")


def test_a_job_whose_script_made_the_next_pipe_itself_fails(cloud: Cloud):
    cloud.put("own/1", b"x")
    request = cloud.request(
        """
        open('/opt/ml/input/data/data_1', 'w').close()
        open('/opt/ml/input/data/data_0').read()
        """
    )
    request["InputDataConfig"].append(channel("data", "own/", InputMode="Pipe"))

    job = cloud.run(**request)

    assert job["FailureReason"] == (
        "ClientError: Data download failed:The script created data_1 itself"
    )


def test_a_full_disk_fails_a_download_in_the_services_words(tmp_path: Path):
    (tmp_path / "data1").symlink_to("/dev/full")

    with pytest.raises(ClientError, match="failed:Insufficient disk space"):
        fetch(THREE, Location("bucket", "data1"), tmp_path / "data1")


def test_a_channel_is_divided_only_among_the_hosts_of_its_groups(cloud: Cloud):
    for number in range(3):
        cloud.put(f"grouped/{number}", b"")
    groups = [
        {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": count}
        for name, count in (("idle", 1), ("reading", 2))
    ]
    request = cloud.request(
        """
        import os, socket
        data = '/opt/ml/input/data/data'
        print(socket.gethostname(), *sorted(os.listdir(data) if os.path.exists(data) else '-'))
        """,
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 10},
    )
    request["InputDataConfig"].append(
        channel(
            "data",
            "grouped/",
            S3DataDistributionType="ShardedByS3Key",
        )
    )
    source = request["InputDataConfig"][-1]["DataSource"]["S3DataSource"]
    source["InstanceGroupNames"] = ["reading"]

    job = cloud.run(**request)

    assert job["TrainingJobStatus"] == "Completed"
    assert sorted(cloud.lines(job["TrainingJobName"])) == ["algo-1 -", "algo-2 0 2", "algo-3 1"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (("a", "a/b"), "the key 'KEYS/a/b' can't be a file's name: File exists"),
        (("a//b", "a/b"), "the keys 'KEYS/a//b' and 'KEYS/a/b' would be the same file"),
        (("x/.",), "the key 'KEYS/x/.' can't be a file's name: it has '.'"),
        (("a" * 256,), f"the key 'KEYS/{'a' * 256}' can't be a file's name: File name too long"),
    ],
    ids=["a file and a folder", "two slashes", "dot", "long"],
)
def test_objects_that_cannot_be_files_fail_the_job_and_are_named(
    cloud: Cloud, keys: tuple[str, ...], reason: str, request: pytest.FixtureRequest
):
    prefix = f"no-files/{request.node.callspec.id.replace(' ', '-')}"
    for key in keys:
        cloud.put(f"{prefix}/{key}", key.encode())
    job = cloud.request()
    job["InputDataConfig"].append(channel("data", f"{prefix}/"))

    ended = cloud.run(**job)

    assert ended["FailureReason"] == (
        f"ClientError: Data download failed:{reason.replace('KEYS', prefix)}"
    )
