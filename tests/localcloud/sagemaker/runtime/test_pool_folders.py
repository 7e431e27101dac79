"""The folders of warm pools."""

from __future__ import annotations

from pathlib import Path

from localcloud.sagemaker.jobs.records import WarmPool
from localcloud.sagemaker.runtime.pool_folders import remove_ended


def test_only_the_folders_of_pools_that_have_ended_are_removed(tmp_path: Path):
    held = WarmPool(began=0.0)
    for name in (held.folder, "warm-pool-ended", "job-1234"):
        (tmp_path / name / "algo-1").mkdir(parents=True)

    remove_ended(tmp_path, lambda: [held])

    assert {path.name for path in tmp_path.iterdir()} == {held.folder, "job-1234"}


def test_a_pool_that_begins_meanwhile_keeps_its_folder(tmp_path: Path):
    begun = WarmPool(began=0.0)
    (tmp_path / "warm-pool-ended").mkdir()

    def held() -> list[WarmPool]:
        (tmp_path / begun.folder).mkdir()
        return []  # as it was a moment before

    remove_ended(tmp_path, held)

    assert [path.name for path in tmp_path.iterdir()] == [begun.folder]
