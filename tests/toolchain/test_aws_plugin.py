"""The plugin's version, and the program that the engine starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.toolchain.fake_programs import contents, pins, write_script
from toolchain.aws_plugin import EXECUTABLE, launch_script, plugin_version, write_plugin_folder
from toolchain.layout import CHECKOUT, Layout


def test_the_plugins_launch_script_replaces_a_link(tmp_path: Path):
    other = write_script(tmp_path / "other", EXECUTABLE, "echo another plugin")
    before = contents(other.parent)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / EXECUTABLE).symlink_to(other)
    written = write_plugin_folder(tmp_path / "folder", Path(sys.executable), CHECKOUT)
    assert not written.is_symlink()
    assert contents(other.parent) == before


def test_the_plugin_has_the_version_of_the_sdk_that_asks_for_it():
    assert (
        plugin_version(CHECKOUT / "requirements.txt")
        == pins(CHECKOUT / "constraints.txt")["pulumi-aws"]
    )


def test_an_unpinned_sdk_is_refused(tmp_path: Path):
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pulumi-aws>=7\n")
    with pytest.raises(ValueError, match="doesn't pin pulumi-aws"):
        plugin_version(requirements)


def test_the_plugins_launch_script_bears_blanks_in_the_checkouts_path(layout: Layout):
    assert f"PYTHONPATH='{layout.checkout}'" in launch_script(layout.python, layout.checkout)
