"""Hashes and archives of local files."""

from __future__ import annotations

import os
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import content
from components.content import Files, content_hash, pack
from components.local_files import data_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "package").mkdir(parents=True)
    (root / "train.py").write_text("print('train')\n")
    (root / "package" / "model.py").write_text("x = 1\n")
    return root


def hash_of(path: Path) -> str:
    return content_hash(data_files(path).files)


def test_the_hash_is_that_of_the_contents_and_not_of_times(folder: Path) -> None:
    before = hash_of(folder)
    os.utime(folder / "train.py", (time.time() + 99, time.time() + 99))
    assert hash_of(folder) == before


def test_the_hash_changes_with_a_content(folder: Path) -> None:
    before = hash_of(folder)
    (folder / "train.py").write_text("print('other')\n")
    assert hash_of(folder) != before


def test_the_hash_changes_with_a_name(folder: Path) -> None:
    before = hash_of(folder)
    (folder / "train.py").rename(folder / "fit.py")
    assert hash_of(folder) != before


def test_the_hash_changes_with_an_executable_bit(folder: Path) -> None:
    before = hash_of(folder)
    (folder / "train.py").chmod(0o755)
    assert hash_of(folder) != before


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "private.key").write_text("x")
    (folder / "key").symlink_to(tmp_path / "private.key")
    with pytest.raises(ValueError, match="leads out of"):
        hash_of(folder)


def test_an_archive_holds_the_files_and_no_owner_or_time(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "source.tar.gz"
    pack(data_files(folder).files, archive)
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["package/model.py", "train.py"]
        assert {(member.uid, member.mtime, member.mode) for member in tar} == {(0, 0, 0o644)}


def test_the_same_contents_make_the_same_archive(folder: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    pack(data_files(folder).files, first)
    os.utime(folder / "train.py", (1, 1))
    pack(data_files(folder).files, second)
    assert first.read_bytes() == second.read_bytes()


def test_two_updates_may_pack_the_same_folder_at_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_writing = Barrier(2, timeout=30)
    write_archive = content.write_archive

    def write_beside_the_other(files: Files, archive: Path) -> None:
        write_archive(files, archive)
        both_are_writing.wait()

    monkeypatch.setattr(content, "write_archive", write_beside_the_other)
    archive = tmp_path / "packed" / "source.tar.gz"
    with ThreadPoolExecutor(2) as threads:
        updates = [threads.submit(pack, data_files(folder).files, archive) for _ in range(2)]
    for update in updates:
        update.result()
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["package/model.py", "train.py"]
    assert list(archive.parent.iterdir()) == [archive]


def test_a_single_file_is_known_by_its_name(folder: Path) -> None:
    assert list(data_files(folder / "train.py").files) == ["train.py"]
    assert hash_of(folder / "train.py") != hash_of(folder)


@given(st.dictionaries(st.sampled_from("abcd"), st.binary(max_size=64), min_size=1))
def test_the_order_in_which_files_were_written_does_not_count(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    forwards, backwards = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for name in files:
        (forwards / name).write_bytes(files[name])
    for name in reversed(files):
        (backwards / name).write_bytes(files[name])
    assert hash_of(forwards) == hash_of(backwards)
