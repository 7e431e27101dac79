"""A project for tests of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.raw_settings import project_in


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path)
