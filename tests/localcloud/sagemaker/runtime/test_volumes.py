"""Jobs whose files are larger than their volumes, or fill the machine's disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.sagemaker.runtime.volumes import Volume, Volumes, measure
from tests.localcloud.cloud import LISTEN, Cloud, eventually, resources

MIB = 1 << 20


def volume(folder: Path, used: int, size: int = 0) -> Volume:
    folder.mkdir()
    with (folder / "data").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, used)
    return Volume(folder.name, (folder,), size)


class Ended:
    """The jobs that were ended, and why."""

    def __init__(self) -> None:
        self.reasons: dict[str, str] = {}

    def watched(self, volumes: Volumes, *each: Volume) -> Iterator[Any]:
        for one in each:

            def full(why: str, host: str = one.host) -> None:
                self.reasons[host] = why

            yield volumes.watched([one], full)


def test_files_count_by_the_space_that_they_occupy_however_deep_they_are(tmp_path: Path):
    found = volume(tmp_path / "algo-1", 2 * MIB)
    with (tmp_path / "algo-1" / "sparse").open("wb") as file:
        file.truncate(100 * MIB)
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kept").write_bytes(b"x" * MIB)

    both = Volume("algo-1", (*found.folders, tmp_path / "cache", tmp_path / "gone"), 0)

    assert 2 * MIB <= measure(found) < 3 * MIB
    assert 3 * MIB <= measure(both) < 4 * MIB


def test_only_the_job_whose_files_are_larger_than_its_volume_ends(tmp_path: Path):
    ended, volumes = Ended(), Volumes(tmp_path)
    large = volume(tmp_path / "large", 2 * MIB, size=MIB)
    small = volume(tmp_path / "small", 2 * MIB, size=3 * MIB)
    unlimited = volume(tmp_path / "unlimited", 2 * MIB)
    with ExitStack() as stack:
        for each in ended.watched(volumes, small, large, unlimited):
            stack.enter_context(each)
        eventually(lambda: ended.reasons or None)

    assert ended.reasons.keys() == {"large"}
    assert "No space left on device" in ended.reasons["large"]
    assert "VolumeSizeInGB" in ended.reasons["large"]


def test_on_a_full_disk_the_job_with_the_largest_files_ends_and_only_if_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def look(_: Path) -> Any:
        looks.append(free)
        return SimpleNamespace(free=free)

    free, looks = 100 * MIB, list[int]()
    monkeypatch.setattr(shutil, "disk_usage", look)
    ended, volumes = Ended(), Volumes(tmp_path)
    filler = volume(tmp_path / "filler", 8 * MIB)
    with ExitStack() as stack:
        for each in ended.watched(volumes, filler, volume(tmp_path / "other", MIB)):
            stack.enter_context(each)
        free = 30 * MIB  # 20 MiB too few, which the end of no job gives back
        eventually(lambda: looks.count(free) > 2 or None)
        assert not ended.reasons
        free = 45 * MIB
        eventually(lambda: ended.reasons or None)

    assert ended.reasons.keys() == {"filler"}
    assert "The disk of this machine is full" in ended.reasons["filler"]


def test_a_job_that_outgrows_its_volume_fails_in_the_services_words_and_no_other(cloud: Cloud):
    other = cloud.create(LISTEN)
    job = cloud.run(
        """
        import os, time
        with open('/tmp/scratch', 'wb') as file:
            os.posix_fallocate(file.fileno(), 0, 3 << 29)
        time.sleep(60)
        """,
        ResourceConfig=resources(1) | {"VolumeSizeInGB": 1},
    )

    assert job["SecondaryStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Insufficient disk space: ")
    assert "No space left on device" in job["FailureReason"]
    assert "algo-1 take 1.5 GiB, and the VolumeSizeInGB of the job is 1." in job["FailureReason"]
    assert "Stopping" not in [row["Status"] for row in job["SecondaryStatusTransitions"]]
    assert cloud.describe(other)["TrainingJobStatus"] == "InProgress"
    cloud.stop(other)
