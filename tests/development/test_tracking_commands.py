"""What `make track` and `make mlflow` run, and for which stack."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from development import tracking_commands
from development.terminal import CommandError
from localcloud.server import daemon
from toolchain.layout import CHECKOUT, Layout

SETTINGS = """
config:
  aws:region: eu-west-1
  sagemaker-training:team: research
  sagemaker-training:jobs: { digits: {}, words: { fresh: b } }
"""
SERVER = SimpleNamespace(url="http://127.0.0.1:4000")


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A checkout whose stack `dev` is up."""
    layout = Layout(CHECKOUT, tmp_path / ".local")
    layout.stacks.mkdir(parents=True)
    (layout.stacks / "Pulumi.dev.yaml").write_text(SETTINGS)
    monkeypatch.setattr(daemon, "find", lambda _data: SERVER)
    return layout


@pytest.mark.parametrize(
    ("to", "client"), [("http://127.0.0.1:5000", "mlflow"), ("wandb://research", "wandb")]
)
def test_the_reader_is_run_with_the_stacks_lineages_region_and_cloud(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, to: str, client: str
):
    ran: list[Any] = []

    def run(command: list[str], env: dict[str, str], **_options: Any) -> Any:
        ran.append((command, env["AWS_ENDPOINT_URL"]))
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(subprocess, "run", run)
    assert tracking_commands.track(layout, "dev", to) == 3
    [(command, url)] = ran
    assert (command[0], url) == (f"{layout.clients}/{client}/bin/python", SERVER.url)
    assert command[1:] == [
        *("-m", "tracking", "sync", "--lineage", "research-dev-digits"),
        *("--lineage", "research-dev-words-b", "--experiment", "research-dev"),
        *("--region", "eu-west-1", "--to", to),
    ]


def test_a_stack_that_is_not_up_has_no_jobs_to_show(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(CommandError, match=r"vision-dev is not up.*`make up STACK=vision-dev`"):
        tracking_commands.mlflow(layout, "vision-dev")
    monkeypatch.setattr(daemon, "find", lambda _data: None)
    with pytest.raises(CommandError, match=r"local cloud doesn't run.*`make up`"):
        tracking_commands.track(layout, "dev", "http://127.0.0.1:5000")


@pytest.mark.parametrize("to", ["nonsense", "localhost:5000", "wandb:research"])
def test_what_is_no_address_is_refused_before_a_client_is_installed(layout: Layout, to: str):
    with pytest.raises(CommandError, match=rf"TO={to} is no address. Write TO=http://…"):
        tracking_commands.must_be_trackable(layout, "dev", to)
    tracking_commands.must_be_trackable(layout, "dev", "https://mlflow.example.org")
    with pytest.raises(CommandError, match="vision-dev is not up"):
        tracking_commands.must_be_trackable(layout, "vision-dev", "wandb://research")
