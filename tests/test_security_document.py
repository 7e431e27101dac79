"""The tables of security controls name files of tests that exist, and every kind of resource."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.stack.stack_settings import Settings
from components.training_platform import TrainingPlatform
from tests.components.recording import ACCOUNT, REGION, record
from tests.integration.full_platform.options import ZONES, every_option

PROJECT = Path(__file__).parents[1]
DOCUMENT = PROJECT / "docs" / "security.md"
TESTS = PROJECT / "tests"


@pytest.fixture(scope="module")
def controls() -> list[list[str]]:
    """The cells of each row of the tables of controls."""
    section = DOCUMENT.read_text().split("\n## ")[2]
    assert section.startswith("Controls, resources, tests")
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in {"control", "---"}]


def test_every_control_names_a_file_of_tests_and_every_named_file_has_tests(
    controls: list[list[str]],
):
    assert len(controls) > 40
    for control, _, tests in controls:
        named = re.findall(r"`(\S+)`", tests)
        assert named, control
        for name in named:
            path = TESTS / name
            assert path.match("test_*.py"), f"{control}: pytest doesn't collect tests/{name}"
            assert path.is_file(), f"{control}: there is no tests/{name}"
            assert re.search(r"^( {4})?def test_\w+\(", path.read_text(), re.MULTILINE), name


def test_every_kind_of_resource_that_a_platform_makes_has_a_control(controls: list[list[str]]):
    settings = Settings.model_validate(every_option())
    site = settings.site(ACCOUNT, REGION, "test", ZONES)
    recording = record(lambda: TrainingPlatform(site, settings, PROJECT))
    made = {re.sub(r"/\w+:", ".", type_) for type_ in recording.types}
    named = {name for _, resources, _ in controls for name in re.findall(r"`(\S+)`", resources)}
    assert made == named
