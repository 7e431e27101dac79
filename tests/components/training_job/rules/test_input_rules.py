"""The input channels of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import GROUPS, problems, stack

TRAIN = "jobs.digits.inputs.train"
EFS = {
    "id": "fs-0123456789abcdef0",
    "type": "EFS",
    "directoryPath": "/data",
    "securityGroupId": "sg-0123456789abcdef0",
}
AUGMENTED = {
    "s3Uri": "s3://data/m",
    "s3DataType": "AugmentedManifestFile",
    "manifestPrefixes": ["s3://data/images/"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def channel(**settings: Any) -> dict[str, Any]:
    """A job with one channel."""
    return {"inputs": {"train": settings}}


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"inputs": {"train": {}}}, "jobs.digits.inputs.train", "set one of s3Uri, path"),
    ({"inputs": {"train": {"path": "none"}}}, "jobs.digits.inputs.train.path", "create it"),
    ({"inputs": {"train": {"path": "x" * 300}}}, "jobs.digits.inputs.train.path",
     "File name too long"),
    ({"inputs": {"train": {"s3Uri": "http://x"}}}, "jobs.digits.inputs.train.s3Uri", "s3://"),
    ({"inputs": {"code": {"path": "data"}}}, "jobs.digits.inputs.code", "another name"),
    (channel(path="data", fileSystem=EFS), f"{TRAIN}", "fileSystem"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile"), f"{TRAIN}.manifestPrefixes",
     "name the"),
    (channel(path="data", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"]),
     f"{TRAIN}.s3DataType", "name it with s3Uri"),
    (channel(s3Uri="s3://data/", manifestPrefixes=["s3://data/"]),
     f"{TRAIN}.manifestPrefixes", "remove"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/*"]),
     f"{TRAIN}.manifestPrefixes.0", "wildcards"),
    (channel(**AUGMENTED, mode="File", attributeNames=["label"]), f"{TRAIN}.mode", "mode: Pipe"),
    (channel(**AUGMENTED, mode="FastFile", attributeNames=["label"]), f"{TRAIN}.mode", "Pipe"),
    (channel(**AUGMENTED, mode="Pipe"), f"{TRAIN}.attributeNames", "1 to 16"),
    (channel(**AUGMENTED, mode="Pipe", attributeNames=["a"] * 17), f"{TRAIN}.attributeNames",
     "1 to 16"),
    (channel(s3Uri="s3://data/", attributeNames=["a"]), f"{TRAIN}.attributeNames", "remove"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"],
             mode="FastFile"), f"{TRAIN}.mode", "no manifest in FastFile"),
    (channel(s3Uri="s3://data/", compression="Gzip"), f"{TRAIN}.compression", "mode: Pipe"),
    (channel(s3Uri="s3://data/", recordWrapper="RecordIO", mode="FastFile"),
     f"{TRAIN}.recordWrapper", "mode: Pipe"),
    (channel(s3Uri="s3://data/", shuffleSeed=0), f"{TRAIN}.shuffleSeed", "mode: Pipe"),
    (channel(fileSystem=EFS, mode="Pipe"), f"{TRAIN}.mode", "mounted"),
    (channel(fileSystem=EFS, distribution="ShardedByS3Key"), f"{TRAIN}.distribution", "data in S3"),
    (channel(fileSystem=EFS | {"id": "efs-1"}), f"{TRAIN}.fileSystem.id", "fs-0123"),
    (channel(fileSystem=EFS | {"directoryPath": "data"}), f"{TRAIN}.fileSystem.directoryPath", "/"),
    (channel(fileSystem=EFS | {"securityGroupId": "default"}),
     f"{TRAIN}.fileSystem.securityGroupId", "sg-0123"),
    (channel(fileSystem=EFS | {"type": "FSxLustre", "directoryPath": "/"}),
     f"{TRAIN}.fileSystem.directoryPath", "mount name"),
    (channel(s3Uri="s3://data/", keyArn="alias/data"), f"{TRAIN}.keyArn", "arn:aws:kms"),
    (channel(path="data", keyArn=KEY), f"{TRAIN}.keyArn", "stack's own key"),
    (channel(s3Uri="s3://data/", instanceGroups=["gpu"]), f"{TRAIN}.instanceGroups.0", "none"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_a_wrong_channel_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])


RIGHT: list[dict[str, Any]] = [
    channel(s3Uri="s3://data/", instanceGroups=["gpu"]) | {"instanceGroups": GROUPS},
    channel(s3Uri="s3://data/", mode="Pipe", compression="Gzip", recordWrapper="RecordIO",
            shuffleSeed=0, distribution="ShardedByS3Key", keyArn=KEY),
    channel(**AUGMENTED, mode="Pipe", attributeNames=["image-ref", "label"]),
    channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"]),
    channel(fileSystem=EFS | {"accessMode": "rw"}),
    channel(fileSystem=EFS | {"type": "FSxLustre", "directoryPath": "/fsx/data"}),
]  # fmt: skip


@pytest.mark.parametrize("job", RIGHT, ids=str)
def test_a_right_channel_is_accepted(project: Path, job: dict[str, Any]) -> None:
    assert problems(stack(job), project) == {}
