"""The environments of the clients: what is in them, and when they are made again."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import write_script
from toolchain.__main__ import set_up_clients
from toolchain.client_environments import client_stamp, clients
from toolchain.layout import CHECKOUT, Layout
from toolchain.progress import Progress
from toolchain.python_packages import uv
from toolchain.runner import SetupError


@pytest.fixture
def two_clients(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A checkout with two clients, whose environments only write down what is installed."""
    for client in ("one", "two"):
        folder = layout.checkout / "tests" / "clients" / client
        folder.mkdir(parents=True)
        (folder / "requirements.txt").write_text(f"{client}==1\n")
    calls = tmp_path / "calls"
    calls.touch()
    write_script(layout.python.parent, layout.python.name, "")
    # uv pip install --python … --requirement …
    write_script(
        uv(layout).parent, uv(layout).name, f"""echo "$4" >> '{calls}'; ! grep broken "$6" """
    )
    venv = 'rm -rf "$4"; mkdir -p "$4/bin"; : > "$4/bin/python"'  # -m venv --clear
    monkeypatch.setattr(sys, "executable", str(write_script(tmp_path, "python", venv)))
    return layout


def installed(layout: Layout) -> list[str]:
    """The clients into whose environments something was installed since the last call."""
    calls = layout.checkout.parent / "calls"
    lines = sorted(Path(line).parents[1].name for line in calls.read_text().splitlines())
    calls.write_text("")
    return lines


def run_set_up(layout: Layout) -> None:
    with Progress(io.StringIO()) as progress:
        set_up_clients(layout, progress, clients(layout))


def test_an_environment_is_made_once_and_again_when_its_pins_change(two_clients: Layout):
    run_set_up(two_clients)
    assert installed(two_clients) == ["one", "two"]
    run_set_up(two_clients)
    assert installed(two_clients) == []
    requirements = two_clients.checkout / "tests" / "clients" / "two" / "requirements.txt"
    requirements.write_text("two==2\n")
    run_set_up(two_clients)
    assert installed(two_clients) == ["two"]


def test_a_client_that_can_not_be_installed_is_reported_and_tried_again(two_clients: Layout):
    requirements = two_clients.checkout / "tests" / "clients" / "two" / "requirements.txt"
    requirements.write_text("broken==1\n")
    for _again in range(2):
        with pytest.raises(SetupError, match="two: uv ended with exit code 1"):
            run_set_up(two_clients)
    assert not client_stamp(two_clients, "two").is_valid()


@pytest.mark.parametrize("client", clients(Layout()))
def test_a_client_pins_all_that_it_needs_and_has_a_test(client: str):
    folder = CHECKOUT / "tests" / "clients" / client
    lines = (folder / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in pins)
    assert (folder / f"test_{client}.py").is_file()
