"""A job's results, by the names of their files."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.data.artifacts import Uploader
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.sandbox.script_files import remove


class Bucket:
    """S3's client, as far as it is needed here."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def upload_file(self, path: str, _bucket: str, key: str, **_: Any) -> None:
        self.objects[key] = Path(path).read_bytes()


def upload(folder: Path, compression: str) -> dict[str, bytes]:
    bucket, target = Bucket(), Location("bucket", "output")
    Uploader(bucket, {"CompressionType": compression}, target).upload("model", [folder])
    return bucket.objects


@pytest.mark.parametrize("name", [b"a\xff", b"a\nb"])
def test_a_name_that_no_key_can_be_is_reported_and_kept_in_an_archive(tmp_path: Path, name: bytes):
    (tmp_path / os.fsdecode(name)).write_text("model")

    [archive] = upload(tmp_path, "GZIP").values()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        assert [os.fsencode(each) for each in tar.getnames()] == [name]
    with pytest.raises(
        ClientError, match=r"Artifact upload failed:the name of the file 'model/a.*'"
    ):
        upload(tmp_path, "NONE")


@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_folders_that_are_too_deep_are_reported(tmp_path: Path, compression: str):
    made = os.open(tmp_path, os.O_DIRECTORY)
    for _ in range(1100):
        os.mkdir("folder", dir_fd=made)
        below = os.open("folder", os.O_DIRECTORY, dir_fd=made)
        os.close(made)
        made = below
    os.close(made)

    with pytest.raises(ClientError, match="are too deep"):
        upload(tmp_path, compression)
    remove(tmp_path / "folder")  # pytest can't
