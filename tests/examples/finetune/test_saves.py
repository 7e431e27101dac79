"""Which save is whole, on one host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from saves import (
    MANIFEST,
    UPLOADED,
    describe,
    is_uploaded,
    manifests,
    matches,
    save_name,
    write_manifest,
)

NAMES = ("__0_0.distcp", "__1_0.distcp", "metadata")


@pytest.fixture
def save(tmp_path: Path) -> Path:
    folder = tmp_path / save_name(120, "5f0c9a1e")
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_bytes(f"the content of {name}".encode())
    write_manifest(folder, {"step": 120, "files": describe(folder, NAMES)})
    return folder


def test_a_save_is_whole_if_every_file_matches_its_manifest(save: Path) -> None:
    manifest = manifests(save.parent)["step-000000120.5f0c9a1e"]
    assert manifest["step"] == 120
    assert matches(save, manifest["files"])
    assert {path.name for path in save.iterdir()} == {*NAMES, MANIFEST}, "nothing is hidden"


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes().swapcase()),
        lambda path: path.write_bytes(b""),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_lacks_or_differs_makes_a_save_incomplete(
    save: Path, name: str, change: Callable[[Path], object]
) -> None:
    change(save / name)
    assert not matches(save, manifests(save.parent)[save.name]["files"])


def test_a_save_without_a_readable_manifest_is_none(save: Path) -> None:
    (save.parent / "step-000000130.unfinished").mkdir()
    assert list(manifests(save.parent)) == [save.name]
    (save / MANIFEST).write_bytes((save / MANIFEST).read_bytes()[:-1])
    assert manifests(save.parent) == {}


def test_a_save_is_uploaded_once_each_file_has_its_marker(save: Path) -> None:
    for name in NAMES:
        assert not is_uploaded(save, NAMES)
        (save / f"{name}{UPLOADED}").touch()
    assert is_uploaded(save, NAMES)


def test_names_sort_by_step() -> None:
    names = [save_name(step, "0") for step in (9, 10, 200, 1_000_000)]
    assert names == sorted(names)
