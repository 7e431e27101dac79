"""The launcher as one file: what is in it, and that its bytes depend on nothing else."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from components.instances import training_instance_types
from components.training_job.code_channel import launcher_archive
from components.training_job.code_channel.launcher_archive import launcher_files, write_launcher


def test_it_is_the_same_bytes_at_any_time_and_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = write_launcher(tmp_path / "here.pyz").read_bytes()
    elsewhere = tmp_path / "elsewhere"
    for name, path in reversed(launcher_files().items()):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, elsewhere / name)
        os.utime(elsewhere / name, (10**9, 10**9))
        (elsewhere / name).chmod(0o700)
    (elsewhere / "launching" / "__pycache__").mkdir()
    (elsewhere / "launching" / "__pycache__" / "launch.cpython-311.pyc").touch()
    monkeypatch.setattr(launcher_archive, "_FOLDER", elsewhere)
    assert write_launcher(tmp_path / "there.pyz").read_bytes() == here


def test_it_holds_its_files_as_they_are_and_the_types_that_have_efa(tmp_path: Path) -> None:
    with ZipFile(write_launcher(tmp_path / "launcher.py")) as archive:
        assert {each.compress_type for each in archive.infolist()} == {ZIP_STORED}
        contents = {name: archive.read(name) for name in archive.namelist()}
    types = contents.pop("launching/efa_types.txt").decode().splitlines()
    assert types == [name for name, each in training_instance_types().items() if each.efa_supported]
    assert contents == {name: path.read_bytes() for name, path in launcher_files().items()}
    assert {
        "__main__.py",
        "launching/launch.py",
        "modules/training_checkpoints.py",
    } <= contents.keys()


@pytest.mark.parametrize("name", launcher_files())
def test_it_needs_only_the_standard_library_and_the_syntax_of_python_3_8(name: str) -> None:
    tree = ast.parse(launcher_files()[name].read_text(), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else names(node))
    }
    assert imported <= {*sys.stdlib_module_names, "boto3", "botocore", "launching"}


def names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]
