"""A container with the launcher in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.components.training_job.code_channel.container import Container


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "ml")
