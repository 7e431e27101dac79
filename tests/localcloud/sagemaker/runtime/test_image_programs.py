"""What runs in place of a container image's own entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.runtime.image_programs import command

PROGRAM = {"HyperParameters": {"sagemaker_program": "main.py"}}
LAUNCHER = ("python3", "/opt/ml/input/data/code/launcher.py", "train")


def request(**algorithm: Any) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingInputMode": "File", **algorithm}}


@pytest.fixture
def ml(tmp_path: Path) -> Path:
    """A folder with a launcher in its code channel."""
    folder = tmp_path / "ml"
    (folder / "input/data/code").mkdir(parents=True)
    (folder / "input/data/code/launcher.py").touch()
    return folder


def test_an_entry_point_or_arguments_of_the_request_are_run_as_they_are(ml: Path, tmp_path: Path):
    entry = request(ContainerEntrypoint=["run"])

    assert command(entry | PROGRAM, tmp_path, ml) == ("run",)
    assert command(request(ContainerArguments=["x"]) | PROGRAM, tmp_path, ml) == ("x",)


def test_the_training_toolkit_of_an_environment_is_run(ml: Path, tmp_path: Path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "train").touch()

    assert command(request() | PROGRAM, tmp_path, ml) == ("train",)


def test_without_it_a_program_is_run_and_else_a_launcher(ml: Path, tmp_path: Path):
    words = command(request() | PROGRAM, tmp_path, ml)

    assert words[:2] == ("python3", "-c")
    assert "sagemaker_submit_directory" in words[2]
    assert command(request(), tmp_path, ml) == LAUNCHER
    assert command(request(), tmp_path, tmp_path) == ("train",)
