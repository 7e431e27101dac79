"""Where things are: a name is given once, and tests are in folders as the code is.

What may import what is declared in pyproject.toml and checked by `make check`.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path, PurePath

import pytest

CHECKOUT = Path(__file__).parents[1]
ROOMS = ("components", "policies", "localcloud", "development", "toolchain")
LAUNCHER = PurePath("components/training_job/code_channel/launcher")
"""A program of its own, which runs in a container and not in the stack's program."""
MOST_FILES = 12
"""How many files one room of a training job may have, so that a reader can know them all."""


def python_files(folder: str) -> list[PurePath]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", f"{folder}/*.py"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (PurePath(line) for line in listed.stdout.splitlines())
    return [path for path in paths if (CHECKOUT / path).exists()]


@pytest.mark.parametrize("room", ROOMS)
def test_no_two_modules_of_a_room_have_the_same_name(room: str):
    modules = (path for path in python_files(room) if LAUNCHER not in path.parents)
    names = Counter(path.stem for path in modules if not path.stem.startswith("__"))

    assert names
    assert {name for name, number in names.items() if number > 1} == set()


def test_no_folder_of_a_training_job_has_more_files_than_a_reader_can_know():
    files = Counter(path.parent for path in python_files("components/training_job"))

    assert len(files) > 7
    assert {str(folder): number for folder, number in files.items() if number > MOST_FILES} == {}


@pytest.mark.parametrize("room", [*ROOMS, "bench", "examples"])
def test_each_test_file_is_named_after_what_it_tests_or_is_in_a_folder_of_that_name(room: str):
    files = [path for path in python_files(f"tests/{room}") if path.name.startswith("test_")]

    assert files
    assert [str(path) for path in files if not _is_of_a_module(path)] == []


def _is_of_a_module(test: PurePath) -> bool:
    """Whether a test file, or its folder, is named after a module or folder of the same place."""
    folder, name = test.parent.relative_to("tests"), test.stem.removeprefix("test_")
    places = [folder]
    if folder.parts[0] == "policies":  # the pack's own package is not named again in tests/
        places.append(PurePath("policies", "training_policies", *folder.parts[1:]))
    return any(
        (CHECKOUT / place / f"{name}.py").exists()
        or (CHECKOUT / place.with_suffix(".py")).exists()
        or (place.name == name and (CHECKOUT / place).is_dir())
        for place in places
    )
