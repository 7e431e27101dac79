from __future__ import annotations

from pathlib import Path

import pytest

from development.layout import Layout
from tests.toolchain.fake_programs import write_program
from toolchain import pulumi_cli

COMPANIONS = (
    "pulumi-language-python",
    "pulumi-language-python-exec",
    "pulumi-resource-pulumi-python",
    "pulumi-analyzer-policy-python",
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(checkout=tmp_path / "checkout", local=tmp_path / "checkout" / ".local")


def install(folder: Path, version: str) -> Path:
    write_program(folder, "pulumi", version)
    for name in COMPANIONS:
        write_program(folder, name)
    return folder


@pytest.mark.parametrize("version", ["v3.220.0", "v3.300.1", "v4.0.0", "3.221.0-dev.1"])
def test_an_installed_command_line_that_is_new_enough_is_used(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, version: str
):
    folder = install(tmp_path / "pulumi", version)
    monkeypatch.setenv("PATH", str(folder))
    assert pulumi_cli.find_cli(layout) == folder


@pytest.mark.parametrize("version", ["v3.219.9", "v2.300.0", "no version at all"])
def test_one_that_is_too_old_is_not(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, version: str
):
    monkeypatch.setenv("PATH", str(install(tmp_path / "pulumi", version)))
    assert pulumi_cli.find_cli(layout) is None


def test_one_without_its_language_host_is_not_used(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    folder = install(tmp_path / "pulumi", "v3.220.0")
    (folder / "pulumi-language-python").unlink()
    monkeypatch.setenv("PATH", str(folder))
    assert pulumi_cli.find_cli(layout) is None


def test_the_companions_are_looked_for_behind_links(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    folder = install(tmp_path / "cellar", "v3.220.0")
    links = tmp_path / "links"
    links.mkdir()
    (links / "pulumi").symlink_to(folder / "pulumi")
    monkeypatch.setenv("PATH", str(links))
    assert pulumi_cli.find_cli(layout) == folder


def test_what_was_built_here_is_not_taken_for_the_machines_own(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    install(layout.pulumi_bin, "v3.220.0")
    monkeypatch.setenv("PATH", str(layout.pulumi_bin))
    assert pulumi_cli.find_cli(layout) is None


def test_linking_twice_leaves_links_to_the_newest(tmp_path: Path, layout: Layout):
    for version in ("v3.220.0", "v3.221.0"):
        folder = install(tmp_path / version, version)
        pulumi_cli.link_cli(layout, folder)
        assert pulumi_cli.is_linked(layout, folder)


def test_a_changed_version_or_module_list_asks_for_a_new_build(layout: Layout):
    folder = layout.checkout / "toolchain" / "pulumi"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module a")
    (folder / "go.sum").write_text("")
    before = pulumi_cli.program_stamp(layout, pulumi_cli.ENGINE).inputs
    (folder / "go.sum").write_text("changed")
    assert pulumi_cli.program_stamp(layout, pulumi_cli.ENGINE).inputs != before
