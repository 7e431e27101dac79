from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from development.layout import CHECKOUT, Layout
from localcloud.awsplugin.install import launch_script
from toolchain import teardown
from toolchain.aws_plugin import plugin_version
from toolchain.python_packages import count_pins, environment_stamp, packages_stamp


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (folder / name).write_text(f"# {name}\n")
    return Layout(checkout=folder, local=folder / ".local")


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


def test_down_and_clean_work_on_a_checkout_that_was_never_used(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert teardown.down(layout) == 0
    assert teardown.clean(layout) == 0
    assert "Nothing is set up" in capsys.readouterr().out


def test_down_bears_a_set_up_that_was_interrupted(layout: Layout):
    (layout.virtual_environment / "bin").mkdir(parents=True)
    layout.python.symlink_to("/bin/false")
    assert teardown.down(layout) == 0


def test_clean_removes_a_broken_set_up(layout: Layout):
    (layout.virtual_environment / "bin").mkdir(parents=True)
    (layout.local / "logs").mkdir(parents=True)
    (layout.checkout / ".source").mkdir()
    assert teardown.clean(layout) == 0
    assert not layout.virtual_environment.exists()
    assert not layout.local.exists()
    assert not (layout.checkout / ".source").exists()
    assert (layout.checkout / "requirements.txt").exists()


def test_a_process_that_is_no_local_cloud_is_left_alone(layout: Layout):
    layout.cloud.mkdir(parents=True)
    (layout.cloud / "server.json").write_text(json.dumps({"pid": os.getpid()}))
    teardown.stop_leftover(layout)  # would end this test run


def pins(file: Path) -> dict[str, str]:
    """The pinned versions of a requirements file, by normalised name and without extras."""
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.partition("[")[0].lower().replace("_", "-"): version for name, version in pairs}
