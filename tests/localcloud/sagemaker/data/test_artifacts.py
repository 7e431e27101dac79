"""How a job's results are packed and uploaded."""

from __future__ import annotations

import errno
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.data.artifacts import Uploader, compression
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.sandbox.script_files import remove
from tests.localcloud.cloud import BUCKET, Cloud

ODD = os.fsdecode(b"n\xff")


def uploader(cloud: Cloud, scratch: Path, name: str, **output: str) -> Uploader:
    return Uploader(cloud.s3, output, Location(BUCKET, f"{name}/"), scratch)


def model(folder: Path, **files: bytes) -> Path:
    (folder / "model").mkdir()
    for name, content in files.items():
        (folder / "model" / name).write_bytes(content)
    return folder / "model"


@pytest.mark.parametrize(
    ("files", "level"),
    [
        ({"weights": os.urandom(1 << 17), "vocabulary": b"word\n" * 9999}, 0),
        ({"weights": os.urandom(999), "vocabulary": b"word\n" * 9999}, 1),
        ({"empty": b""}, 0),
        ({}, 1),
    ],
    ids=["weights", "text", "empty", "no file"],
)
def test_only_what_shrinks_is_compressed(tmp_path: Path, files: dict[str, bytes], level: int):
    folder = model(tmp_path, **files)
    (folder / "link").symlink_to("/nowhere")

    assert compression({path.name: path for path in folder.iterdir()}) == level


@pytest.mark.parametrize("content", [os.urandom(1 << 17), b"text" * 9999], ids=["stored", "packed"])
def test_an_archive_has_every_file_however_its_name_is_and_leaves_nothing_behind(
    cloud: Cloud, tmp_path: Path, content: bytes
):
    folder = model(tmp_path, **{"state": content, ODD: b"odd", "a\nb": b"line"})
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("state")
    name = f"archive-{len(content)}"

    uploader(cloud, tmp_path, name).upload("model", [folder])

    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    (tmp_path / "archive").write_bytes(cloud.get(f"{name}/model.tar.gz"))
    with tarfile.open(tmp_path / "archive") as tar:
        members = {each.name: each for each in tar}
        assert members.keys() == {"state", ODD, "a\nb", "link"}
        assert members["link"].linkname == "state"
        found: Any = tar.extractfile("state")
        assert found.read() == content


def too_deep(folder: Path) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deeper", dir_fd=here)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


@pytest.mark.parametrize(
    ("kind", "make", "message"),
    [
        ("NONE", lambda folder: (folder / ODD).touch(), "can't be a key in S3"),
        ("NONE", lambda folder: (folder / "a\nb").touch(), "can't be a key in S3"),
        ("NONE", too_deep, "File name too long"),
        ("GZIP", too_deep, "File name too long"),
    ],
    ids=["not UTF-8", "a newline", "too deep", "too deep to pack"],
)
def test_a_file_that_can_be_no_result_is_the_owners_error(
    cloud: Cloud, tmp_path: Path, kind: str, make: Callable[[Path], Any], message: str
):
    folder = model(tmp_path)
    make(folder)

    with pytest.raises(ClientError, match=rf"Artifact upload failed:.*({message})"):
        uploader(cloud, tmp_path, "refused", CompressionType=kind).upload("model", [folder])

    remove(folder)


def test_a_disk_that_is_full_is_the_owners_error_in_the_services_words(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = model(tmp_path, state=b"x")
    monkeypatch.setattr(tarfile.TarFile, "add", refuse)

    expected = re.escape("Artifact upload failed:Insufficient disk space")
    with pytest.raises(ClientError, match=f"^{expected}$"):
        uploader(cloud, tmp_path, "full").upload("model", [folder])
