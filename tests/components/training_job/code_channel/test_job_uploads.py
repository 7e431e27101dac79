"""What a job's uploads are made of: exactly the files that were hashed."""

from __future__ import annotations

import errno
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.code_channel.job_uploads import resource_names
from tests.components.test_training_platform import recorded


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a job's source and data."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("A")
    (tmp_path / "src" / "model.py").write_text("model")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "part-1.csv").write_text("A")
    (tmp_path / "data" / "part-2.csv").write_text("2")
    return tmp_path


def uploads(project: Path) -> dict[str, Path]:
    """The file of each key, for a job with a source and with data."""
    job = {
        "source": {"dir": "src", "entryPoint": "train.py"},
        "inputs": {"train": {"path": "data"}},
    }
    found = recorded(project, {"digits": job}).of("s3/bucketObjectv2:BucketObjectv2")
    return {each.inputs["key"]: project / each.inputs["source"].path for each in found}


def source_of(found: dict[str, Path]) -> tuple[str, str]:
    """The key of the archive, and what the script in it says."""
    [(key, path)] = [each for each in found.items() if each[0].endswith("/source.tar.gz")]
    with tarfile.open(path) as archive:
        script = archive.extractfile("train.py")
        assert script is not None
        return key, script.read().decode()


def data_of(found: dict[str, Path]) -> tuple[str, str]:
    """The key of one file of the data, and what it says."""
    [(key, path)] = [each for each in found.items() if each[0].endswith("/part-1.csv")]
    return key, path.read_text()


def test_a_script_that_is_saved_while_it_is_packed_runs_under_the_hash_of_what_is_in_the_archive(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = tarfile.open

    def save_and_open(*arguments: Any, **options: Any) -> tarfile.TarFile:
        (project / "src" / "train.py").write_text("B")
        return opened(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(tarfile, "open", save_and_open)
        key, script = source_of(uploads(project))
    of_b = source_of(uploads(project))
    assert (key, script) == of_b == (key, "B")

    (project / "src" / "train.py").write_text("A")
    of_a = source_of(uploads(project))
    assert of_a == (of_a[0], "A")
    assert of_a[0] != of_b[0]


@pytest.mark.parametrize("damage", ["cut", "empty", "not an archive", "of other files"])
def test_an_archive_that_is_there_already_is_used_only_for_what_is_in_it(
    project: Path, damage: str
) -> None:
    found = uploads(project)
    key, archive = next(each for each in found.items() if each[0].endswith("/source.tar.gz"))
    good = archive.read_bytes()
    if damage == "of other files":
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(project / "src" / "model.py", "train.py")
    else:
        archive.write_bytes({"cut": good[:-30], "empty": b""}.get(damage, b"not an archive"))
    assert source_of(uploads(project)) == (key, "A")


def test_data_that_are_changed_before_the_engine_reads_them_are_uploaded_as_they_were_hashed(
    project: Path,
) -> None:
    found = uploads(project)
    (project / "data" / "part-1.csv").write_text("B")
    (project / "data" / "part-2.csv").unlink()
    key, data = data_of(found)
    assert data == "A"
    assert all(path.exists() for path in found.values())
    (project / "data" / "part-2.csv").write_text("2")
    assert data_of(uploads(project)) == (data_of(uploads(project))[0], "B")
    (project / "data" / "part-1.csv").write_text("A")
    assert data_of(uploads(project)) == (key, "A")


def test_a_copy_that_is_there_already_is_used_only_for_what_is_in_it(project: Path) -> None:
    found = uploads(project)
    key = data_of(found)[0]
    found[key].chmod(0o600)
    found[key].write_text("B")
    assert data_of(uploads(project)) == (key, "A")


def test_a_disk_without_room_for_the_copies_is_reported_with_the_setting_and_the_remedy(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copyfile(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    uploads(project)
    monkeypatch.setattr(shutil, "copyfile", copyfile)
    (project / "data" / "part-1.csv").write_text("B")
    with pytest.raises(pulumi.RunError) as refused:
        uploads(project)
    message = str(refused.value)
    assert message.startswith('research-dev-digits: inputs.train.path: "data" — ')
    assert "No space left on device" in message
    assert "s3Uri" in message


def test_files_whose_names_differ_only_in_case_or_punctuation_are_all_uploaded(
    project: Path,
) -> None:
    """A name is one resource to the engine, which refuses the whole update at a second one."""
    for name in ("part_1.csv", "Part-1.csv", "part-1/csv"):
        (project / "data" / name).parent.mkdir(exist_ok=True)
        (project / "data" / name).write_text(name)
    (project / "other").mkdir()
    (project / "other" / "part-2.csv").write_text("2")
    channels = {"a.b": {"path": "other"}, "a-b": {"path": "other"}, "train": {"path": "data"}}
    objects = "s3/bucketObjectv2:BucketObjectv2"
    found = recorded(project, {"digits": {"inputs": channels}}).of(objects)
    names = {each.inputs["key"].split("/", 2)[2]: each.name for each in found}
    assert len(names) == len(found) == 7
    assert len(set(names.values())) == len(names)
    reverse = dict(reversed(channels.items()))
    again = recorded(project, {"digits": {"inputs": reverse}}).of(objects)
    assert [each.name for each in again] == [each.name for each in found]
    # A file whose name clashes with no other keeps the name that it has in the state.
    [key] = [each for each in names if each.startswith("train/") and each.endswith("/part-2.csv")]
    digest = key.split("/")[1]
    assert names[key] == f"research-dev-digits-uploads-train-{digest}-part-2-csv"


@given(st.sets(st.text("aA._-é/1", min_size=1), max_size=8))
def test_each_key_has_a_resource_of_its_own(names: set[str]) -> None:
    keys = [f"inputs/research-dev-digits/train/{name}" for name in names]
    assert len(set(resource_names("uploads", keys).values())) == len(keys)
