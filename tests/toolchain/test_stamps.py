from __future__ import annotations

from pathlib import Path

import pytest

from toolchain.stamps import Stamp, fingerprint


@pytest.fixture
def result(tmp_path: Path) -> Path:
    path = tmp_path / "result"
    path.touch()
    return path


def test_a_step_is_complete_once_its_stamp_is_written(tmp_path: Path, result: Path):
    stamp = Stamp(tmp_path / "stamps" / "step", "inputs", (result,))
    assert not stamp.is_valid()
    stamp.write()
    assert stamp.is_valid()


def test_changed_inputs_make_a_step_incomplete(tmp_path: Path, result: Path):
    Stamp(tmp_path / "step", "old", (result,)).write()
    assert not Stamp(tmp_path / "step", "new", (result,)).is_valid()


def test_a_stamp_does_not_outlive_its_result(tmp_path: Path, result: Path):
    stamp = Stamp(tmp_path / "step", "inputs", (result,))
    stamp.write()
    result.unlink()
    assert not stamp.is_valid()


def test_the_fingerprint_follows_the_contents_of_files(tmp_path: Path):
    file = tmp_path / "requirements.txt"
    file.write_text("boto3==1")
    before = fingerprint([file])
    file.write_text("boto3==2")
    assert fingerprint([file]) != before


def test_parts_that_are_cut_elsewhere_have_another_fingerprint():
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
