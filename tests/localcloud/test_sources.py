"""Channels by manifest and by pipe."""

from __future__ import annotations

import gzip
import io
import json
import struct
from typing import Any

import pytest
from botocore.response import StreamingBody

from localcloud.sagemaker.locations import Location
from localcloud.sagemaker.runtime.failures import ClientError
from localcloud.sagemaker.runtime.sources import manifest
from localcloud.sagemaker.runtime.streams import Stream, record
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
    with pytest.raises(ClientError, match="no attribute none"):
        read(augmented)


def test_a_manifest_is_a_prefix_and_suffixes():
    text = json.dumps([{"prefix": "s3://other/some/"}, "a/b", "c"]).encode()

    assert manifest(text, HERE) == [
        (Location("other", "some/a/b"), "a/b"),
        (Location("other", "some/c"), "c"),
    ]


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'["s3://a/b"]', b'[{"prefix": "/a"}]'])
def test_what_is_no_manifest_is_told(text: bytes):
    with pytest.raises(ClientError, match="is no array of a prefix"):
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
    assert "Stopping" not in {row["Status"] for row in job["SecondaryStatusTransitions"]}


def test_a_channel_is_divided_among_the_hosts_of_its_groups_alone(cloud: Cloud):
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
