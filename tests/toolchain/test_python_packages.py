"""The virtual environment, and which packages are in it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import pins, write_script
from toolchain.layout import CHECKOUT, Layout
from toolchain.progress import Progress
from toolchain.python_packages import (
    ALL,
    COMMANDS,
    create_environment,
    environment_stamp,
    install_packages,
    packages_stamp,
    pip_settings,
    uv,
    uv_environment,
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


def test_the_tests_packages_are_installed_only_where_they_are_asked_for(layout: Layout):
    calls = layout.checkout / "calls"
    for program in (layout.python, uv(layout)):
        write_script(program.parent, program.name, f"echo \"$*\" >> '{calls}'")
    asked = []
    for packages in (COMMANDS, COMMANDS, ALL, COMMANDS, ALL):
        with Progress(io.StringIO()) as progress:
            install_packages(layout, packages, progress, Running())
        lines = calls.read_text().splitlines()
        asked.append([name for name in ALL.files for line in lines if f"/{name} " in line])
        calls.write_text("")
    assert asked == [["requirements-local.txt"], [], ["requirements-dev.txt"], [], []]


def test_all_packages_are_also_those_of_the_commands(layout: Layout):
    for program in (layout.python, uv(layout)):
        write_script(program.parent, program.name, "")
    with Progress(io.StringIO()) as progress:
        install_packages(layout, ALL, progress, Running())
    assert packages_stamp(layout, COMMANDS).is_valid()
    (layout.checkout / "requirements-dev.txt").write_text("another==1\n")
    assert packages_stamp(layout, COMMANDS).is_valid()
    assert not packages_stamp(layout, ALL).is_valid()


def test_uv_gets_pips_settings_unless_it_has_its_own(layout: Layout):
    settings = pip_settings(
        [
            ":env:.cert='/ours.pem'",
            ":env:.disable-pip-version-check='1'",
            "global.cert='/theirs.pem'",
            "global.extra-index-url='\\nhttps://one.example\\nhttps://two.example'",
            "global.find-links='/wheels /more'",
            "install.index-url='https://index.example/simple'",
        ]
    )
    assert settings == {
        "SSL_CERT_FILE": "/ours.pem",
        "UV_INDEX": "https://one.example https://two.example",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_DEFAULT_INDEX": "https://index.example/simple",
    }
    own = {"UV_DEFAULT_INDEX": "https://own.example", "UV_SYSTEM_PYTHON": "1"}
    environment = uv_environment(layout, settings, own)
    assert environment["UV_DEFAULT_INDEX"] == "https://own.example"
    assert environment["UV_FIND_LINKS"] == "/wheels,/more"
    assert "UV_SYSTEM_PYTHON" not in environment
    assert Path(environment["UV_CACHE_DIR"]).is_relative_to(layout.local)


def test_every_requirement_is_pinned_and_constrained_to_the_same_version():
    constraints = pins(CHECKOUT / "constraints.txt")
    required = {name: each for file in ALL.files for name, each in pins(CHECKOUT / file).items()}
    assert {"pip", "uv"} <= constraints.keys()
    assert required
    assert {name: constraints.get(name) for name in required} == required


@pytest.mark.parametrize(
    ("product", "client", "package"),
    [("tracking", "mlflow", "mlflow-skinny"), ("wandb", "wandb", "wandb")],
)
def test_the_tracking_readers_packages_are_constrained_and_those_of_the_program_are_its_own(
    product: str, client: str, package: str
):
    required = pins(CHECKOUT / f"requirements-{product}.txt")
    program = {name: each for file in ALL.files for name, each in pins(CHECKOUT / file).items()}
    assert package in required.keys() - program.keys()
    assert {name: program.get(name, version) for name, version in required.items()} == required
    for other in (f"constraints-{product}.txt", f"tests/clients/{client}/requirements.txt"):
        versions = pins(CHECKOUT / other)
        assert {name: versions.get(name) for name in required} == required
