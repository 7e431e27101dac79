"""The page on releases: one version everywhere, with a state that later versions go on from."""

from __future__ import annotations

import tomllib

import localcloud
from toolchain.layout import CHECKOUT

VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    assert localcloud.__version__ == VERSION


def test_the_version_has_a_stored_state() -> None:
    assert (CHECKOUT / f"tests/integration/stored_states/{VERSION}.zip").exists()


def test_the_changelog_has_the_version() -> None:
    changes = (CHECKOUT / "CHANGELOG.md").read_text()
    assert f"## [{VERSION}]" in changes or f"This will be {VERSION}," in changes
