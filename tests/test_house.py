"""Where things are: a name is given once, tests are in folders as the code is, documents name both.

What may import what is declared in pyproject.toml and checked by `make check`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

CHECKOUT = Path(__file__).parents[1]
ROOMS = (
    "acceptance",
    "components",
    "policies",
    "localcloud",
    "development",
    "toolchain",
    "tracking",
)
DOCUMENTS = ("*.md", ".github/*", ".ci/*", "Makefile", "pyproject.toml", ":!tests")
LAUNCHER = PurePath("components/training_job/code_channel/launcher")
"""A program of its own, which runs in a container and not in the stack's program."""
MOST_FILES = 12
"""How many files one room of a training job may have, so that a reader can know them all."""


def files(*patterns: str) -> list[PurePath]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (PurePath(line) for line in listed.stdout.splitlines())
    return [path for path in paths if (CHECKOUT / path).is_file()]


def python_files(folder: str) -> list[PurePath]:
    return files(f"{folder}/*.py")


@pytest.mark.parametrize("room", ROOMS)
def test_no_two_modules_of_a_room_have_the_same_name(room: str):
    modules = (path for path in python_files(room) if LAUNCHER not in path.parents)
    names = Counter(path.stem for path in modules if not path.stem.startswith("__"))

    assert names
    assert {name for name, number in names.items() if number > 1} == set()


def test_no_folder_of_a_training_job_has_more_files_than_a_reader_can_know():
    folders = Counter(path.parent for path in python_files("components/training_job"))

    assert len(folders) > 7
    assert {str(folder): number for folder, number in folders.items() if number > MOST_FILES} == {}


@pytest.mark.parametrize("room", [*ROOMS, "bench", "examples"])
def test_each_test_file_is_named_after_what_it_tests_or_is_in_a_folder_of_that_name(room: str):
    tests = [path for path in python_files(f"tests/{room}") if path.name.startswith("test_")]

    assert tests
    assert [str(path) for path in tests if not _is_of_a_module(path)] == []


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


@pytest.mark.parametrize("document", files(*DOCUMENTS), ids=str)
def test_what_a_document_names_exists(document: PurePath):
    text = (CHECKOUT / document).read_text()

    assert [name for name in _paths_in(text) if not _is_path(name, document)] == []
    assert [name for name in _modules_in(text) if not _is_module(name)] == []
    assert [link for link in _links_in(text) if not _leads_somewhere(link, document)] == []


def _paths_in(text: str) -> Iterator[str]:
    """The paths from a top folder, and the Python files that are named without a folder."""
    folders = "|".join((*ROOMS, "bench", "docs", "examples", "tests"))
    yield from re.findall(rf"(?<![\w/.-])(?:{folders})/[\w./-]*\w", text)
    yield from re.findall(r"`(\w+\.py)`", text)


def _is_path(name: str, document: PurePath) -> bool:
    """Whether a path exists; security.md names test files from `tests/` on."""
    if "/" not in name:
        return bool(files(f"*/{name}", name)) or name == "launcher.py"  # the packed launcher
    return any((CHECKOUT / place / name).exists() for place in (".", "tests", document.parent))


def _modules_in(text: str) -> Iterator[str]:
    """The modules that are run with `python -m`, and the dotted names below a top folder."""
    run = re.findall(r"python3? -m ([\w.]*\w)", text)
    yield from (name for name in run if name.partition(".")[0] not in sys.stdlib_module_names)
    yield from re.findall(
        rf"(?<![\w./-])(?:{'|'.join(ROOMS)}|training_policies)(?:\.(?!md\b)\w+)+", text
    )


def _is_module(name: str) -> bool:
    """Whether a dotted name is a module or package, or is defined in a module."""
    path = PurePath(*name.split("."))
    for root in (CHECKOUT, CHECKOUT / "policies"):
        owner = (root / path.parent).with_suffix(".py")
        if (root / path).is_dir() or (root / path).with_suffix(".py").is_file():
            return True
        if owner.is_file() and re.search(rf"\b{path.name}\b", owner.read_text()):
            return True
    return False


def _links_in(text: str) -> list[str]:
    """The links to other files and headings of the checkout."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if ":" not in link]


def _leads_somewhere(link: str, document: PurePath) -> bool:
    path, _, heading = link.partition("#")
    target = CHECKOUT / document.parent / path if path else CHECKOUT / document
    return target.exists() and (not heading or heading in _headings_of(target))


def _headings_of(document: Path) -> set[str]:
    """The names by which links find the headings of a document, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each).strip().lower().replace(" ", "-") for each in headings}
