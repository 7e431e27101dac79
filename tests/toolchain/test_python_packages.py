"""The virtual environment, and which packages are in it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import pins, write_script
from toolchain.layout import CHECKOUT, Layout
from toolchain.progress import Progress, Step
from toolchain.python_packages import (
    PipWatcher,
    count_pins,
    create_environment,
    environment_stamp,
    packages_stamp,
)
from toolchain.runner import Running, SetupError


def test_a_new_virtual_environment_does_not_empty_the_folder_that_a_link_leads_to(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "the user's").mkdir()
    (tmp_path / "the user's" / "kept").write_text("kept")
    layout.virtual_environment.symlink_to(tmp_path / "the user's")
    clearing = write_script(tmp_path, "python", 'mkdir -p "$4"; rm -rf "$4"/*')  # -m venv --clear
    monkeypatch.setattr(sys, "executable", str(clearing))
    with (
        Progress(io.StringIO()) as progress,
        pytest.raises(SetupError, match="No such file"),  # for there is no pip in it
    ):
        create_environment(layout, progress, Running())
    assert (tmp_path / "the user's" / "kept").read_text() == "kept"
    assert layout.virtual_environment.is_dir()
    assert not layout.virtual_environment.is_symlink()


def test_a_moved_checkout_needs_a_new_virtual_environment(layout: Layout, tmp_path: Path):
    moved = Layout(checkout=tmp_path / "moved", local=tmp_path / "moved" / ".local")
    assert environment_stamp(moved).inputs != environment_stamp(layout).inputs


def test_a_changed_constraint_asks_for_an_installation(layout: Layout):
    before = packages_stamp(layout).inputs
    (layout.checkout / "constraints.txt").write_text("boto3==2\n")
    assert packages_stamp(layout).inputs != before


def test_every_requirement_is_pinned_and_constrained_to_the_same_version():
    constraints = pins(CHECKOUT / "constraints.txt")
    required = pins(CHECKOUT / "requirements.txt") | pins(CHECKOUT / "requirements-dev.txt")
    assert required
    assert {name: constraints.get(name) for name in required} == required
    assert count_pins(CHECKOUT / "constraints.txt") == len(constraints)


@pytest.mark.parametrize(
    ("product", "client", "package"),
    [("tracking", "mlflow", "mlflow-skinny"), ("wandb", "wandb", "wandb")],
)
def test_the_tracking_readers_packages_are_constrained_and_those_of_the_program_are_its_own(
    product: str, client: str, package: str
):
    required = pins(CHECKOUT / f"requirements-{product}.txt")
    program = pins(CHECKOUT / "requirements.txt") | pins(CHECKOUT / "requirements-dev.txt")
    assert package in required.keys() - program.keys()
    assert {name: program.get(name, version) for name, version in required.items()} == required
    for other in (f"constraints-{product}.txt", f"tests/clients/{client}/requirements.txt"):
        versions = pins(CHECKOUT / other)
        assert {name: versions.get(name) for name in required} == required


def test_pips_output_becomes_how_far_it_is():
    step = Step("Python packages")
    watch = PipWatcher(step, 3)
    details = []
    for line in (
        "Collecting dill~=0.4 (from pulumi==3.220.0)",
        "Requirement already satisfied: boto3==1.42.97 in ./.venv/lib (from -r requirements.txt)",
        "  Using cached dill-0.4.0-py3-none-any.whl.metadata (10 kB)",
        "Requirement already satisfied: boto3==1.42.97 in ./.venv/lib (from moto)",
        "Installing collected packages: dill, moto",
    ):
        watch.read(line)
        details.append(step.detail)
    assert details == [
        "1 of 3 packages looked up, dill",
        "2 of 3 packages looked up, boto3",
        "2 of 3 packages looked up, boto3",
        "2 of 3 packages looked up, boto3",
        "unpacking 2 packages",
    ]
