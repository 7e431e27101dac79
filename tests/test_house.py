"""Where things are: a name is given once, and tests lie as the code does.

What may import what is declared in pyproject.toml and checked by `make check`.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path, PurePath

import pytest

CHECKOUT = Path(__file__).parents[1]
ROOMS = ("components", "policies", "localcloud", "development", "toolchain")
MOST_FILES = 12
"""How many files a reader of one room of a training job has to tell apart."""


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
    names = Counter(path.stem for path in python_files(room) if not path.stem.startswith("__"))

    assert names
    assert {name for name, number in names.items() if number > 1} == set()


def test_no_folder_of_a_training_job_has_more_files_than_a_reader_can_tell_apart():
    files = Counter(path.parent for path in python_files("components/training_job"))

    assert len(files) > 7
    assert {str(folder): number for folder, number in files.items() if number > MOST_FILES} == {}


@pytest.mark.parametrize("room", [*ROOMS, "bench", "examples"])
def test_each_test_file_is_named_after_the_module_or_the_folder_that_it_tests(room: str):
    misplaced = []
    for path in python_files(f"tests/{room}"):
        if not path.name.startswith("test_"):
            continue
        folder = CHECKOUT / _tested(path.parent.relative_to("tests"))
        name = path.stem.removeprefix("test_")
        if not ((folder / f"{name}.py").exists() or (folder.is_dir() and folder.name == name)):
            misplaced.append(str(path))

    assert misplaced == []


def _tested(folder: PurePath) -> PurePath:
    """The folder whose tests these are; the pack's own package is not named twice in tests/."""
    within = folder.relative_to(folder.parts[0])
    pack = PurePath("policies", "training_policies", within)
    return pack if folder.parts[0] == "policies" and (CHECKOUT / pack).is_dir() else folder
