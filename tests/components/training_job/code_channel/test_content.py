"""Hashes and archives of local files."""

from __future__ import annotations

import os
import shutil
import tarfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_job.code_channel import content
from components.training_job.code_channel.content import Contents, Files, archived, copy, pack, tidy
from components.training_job.code_channel.local_files import data_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "package").mkdir(parents=True)
    (root / "train.py").write_text("print('train')\n")
    (root / "package" / "model.py").write_text("x = 1\n")
    return root


def files_of(path: Path) -> Files:
    return data_files(path, path).files


def hash_of(path: Path) -> str:
    with TemporaryDirectory() as copies:
        return copy(files_of(path), Path(copies))[0]


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


def test_an_archive_holds_the_files_and_no_owner_or_time(folder: Path, tmp_path: Path) -> None:
    digest, archive = pack(files_of(folder), tmp_path / "copies", "source.tar.gz")
    assert digest == hash_of(folder)
    assert archive == tmp_path / "copies" / digest / "source.tar.gz"
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["package/model.py", "train.py"]
        assert {(member.uid, member.mtime, member.mode) for member in tar} == {(0, 0, 0o644)}


def test_the_same_contents_make_the_same_archive(folder: Path, tmp_path: Path) -> None:
    one = pack(files_of(folder), tmp_path / "1", "source.tar.gz")
    os.utime(folder / "train.py", (1, 1))
    two = pack(files_of(folder), tmp_path / "2", "source.tar.gz")
    assert one[0] == two[0]
    assert one[1].read_bytes() == two[1].read_bytes()


def test_two_updates_may_pack_the_same_folder_at_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_are_writing = Barrier(2, timeout=30)
    write_archive = content.write_archive

    def write_beside_the_other(files: Files, archive: Path) -> Contents:
        written = write_archive(files, archive)
        both_are_writing.wait()
        return written

    monkeypatch.setattr(content, "write_archive", write_beside_the_other)
    copies, files = tmp_path / "copies", files_of(folder)
    with ThreadPoolExecutor(2) as threads:
        updates = [threads.submit(pack, files, copies, "source.tar.gz") for _ in range(2)]
    [(digest, archive)] = {update.result() for update in updates}
    with tarfile.open(archive) as tar:
        assert tar.getnames() == ["package/model.py", "train.py"]
    assert list(copies.iterdir()) == [copies / digest]
    assert list((copies / digest).iterdir()) == [archive]


def test_what_is_packed_already_is_not_packed_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_of(folder)
    packed, copied = pack(files, tmp_path, "source.tar.gz"), copy(files, tmp_path)
    monkeypatch.setattr(content, "write_archive", None)
    monkeypatch.setattr(shutil, "copyfile", None)
    assert pack(files, tmp_path, "source.tar.gz") == packed
    assert copy(files, tmp_path) == copied


def test_files_with_the_same_content_share_a_copy(folder: Path, tmp_path: Path) -> None:
    (folder / "again.py").write_bytes((folder / "train.py").read_bytes())
    (folder / "again.py").chmod(0o755)
    digest, copies = copy(files_of(folder), tmp_path / "copies")
    assert digest == hash_of(folder)
    assert {name: path.read_bytes() for name, path in copies.items()} == {
        name: (folder / name).read_bytes() for name in ("again.py", "package/model.py", "train.py")
    }
    assert len(set(copies.values())) == len(list((tmp_path / "copies").iterdir())) == 2


def test_copies_that_no_update_has_used_for_a_week_are_removed(
    folder: Path, tmp_path: Path
) -> None:
    copies, files = tmp_path / "copies", files_of(folder)
    _, archive = pack(files, copies, "source.tar.gz")
    _, copied = copy(files, copies)
    (copies / "another-file").touch()
    (copies / "left-by-a-killed-update").mkdir()
    (copies / "left-by-a-killed-update" / "file").touch()
    for path in copies.iterdir():
        os.utime(path, (time.time() - 8 * 86_400,) * 2)
    pack(files, copies, "source.tar.gz")
    copy(files, copies)
    (copies / "of-an-update-that-goes-on").mkdir()
    tidy(copies)
    used = {archive.parent, *copied.values(), copies / "of-an-update-that-goes-on"}
    assert set(copies.iterdir()) == used


def test_an_archive_with_anything_but_files_is_not_one_of_ours(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "archive.tar.gz", "w:gz") as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert archived(tmp_path / "archive.tar.gz") is None


def test_a_single_file_is_known_by_its_name(folder: Path) -> None:
    assert list(files_of(folder / "train.py")) == ["train.py"]
    assert hash_of(folder / "train.py") != hash_of(folder)


def without_parents(files: dict[str, tuple[bytes, bool]]) -> dict[str, tuple[bytes, bool]]:
    """Those files of which none is a folder of another."""
    return {
        name: each
        for name, each in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }


NAMES = st.lists(st.text("abé ", min_size=1, max_size=3), min_size=1, max_size=2).map("/".join)
FILES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=64), st.booleans()), min_size=1)


@settings(max_examples=30)
@given(FILES.map(without_parents), st.randoms())
def test_a_hash_covers_names_contents_and_executable_bits_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, tuple[bytes, bool]], random: Random
) -> None:
    roots = [tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")]
    for root in roots:
        for name in random.sample(sorted(files), len(files)):
            written, executable = files[name]
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(written)
            (root / name).chmod(0o755 if executable else 0o644)
            os.utime(root / name, (0, random.randrange(10**9)))
    one, other = (pack(placed(files, root), root.parent, "a.tar.gz") for root in roots)
    assert one == other
    assert one[0] == copy(placed(files, roots[0]), roots[0].parent)[0]
    assert (archived(one[1]) or {}).keys() == files.keys()
    changed = roots[1] / next(iter(files))
    changed.write_bytes(changed.read_bytes() + b".")
    assert copy(placed(files, roots[1]), roots[1].parent)[0] != one[0]


def placed(names: Iterable[str], folder: Path) -> dict[str, Path]:
    return {name: folder / name for name in sorted(names)}
