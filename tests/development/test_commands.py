"""Commands on a checkout where nothing is up; on the real engine they are integration tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from development import commands
from localcloud.server import daemon
from localcloud.snapshots.file import KEPT, SNAPSHOT
from toolchain.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(local=tmp_path / "local")


def destroyed(layout: Layout) -> None:
    """Leaves what `make down` leaves: a stack without resources, and the local cloud's data."""
    state = layout.state / ".pulumi" / "stacks" / "sagemaker-training" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": []}}}))
    snapshot = layout.cloud / KEPT / SNAPSHOT
    snapshot.parent.mkdir(parents=True)
    snapshot.write_bytes(b"")


def test_down_starts_nothing_where_nothing_was_ever_up(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert commands.down(layout) == 0
    assert "nothing to destroy" in capsys.readouterr().out
    assert daemon.find(layout.cloud) is None


def test_a_second_down_starts_nothing(layout: Layout, capsys: pytest.CaptureFixture[str]):
    destroyed(layout)
    assert commands.down(layout) == 0
    assert "nothing to destroy" in capsys.readouterr().out
    assert daemon.find(layout.cloud) is None
