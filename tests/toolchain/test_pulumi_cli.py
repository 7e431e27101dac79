from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_programs import (
    CLI_FILES,
    CLI_FILES_UNTIL_3_220,
    POLICY_SCRIPT,
    contents,
    install_cli,
    write_script,
)
from toolchain import pulumi_cli
from toolchain.layout import Layout
from toolchain.pulumi_cli import InstalledCli


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(checkout=tmp_path / "checkout", local=tmp_path / "checkout" / ".local")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the first on PATH."""
    folder = tmp_path / "installed"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def found(layout: Layout) -> tuple[InstalledCli | None, list[str]]:
    """The command line that is used, and what was said about one that isn't."""
    said: list[str] = []
    return pulumi_cli.find_cli(layout, said.append), said


@pytest.mark.parametrize(
    ("version", "companions"),
    [
        ("v3.220.0", CLI_FILES_UNTIL_3_220),
        ("v3.220.9", CLI_FILES_UNTIL_3_220),
        ("v3.221.0", CLI_FILES),
        ("3.221.0-dev.1", CLI_FILES),
        ("v3.276.0", CLI_FILES),
        ("v4.0.0", CLI_FILES),
    ],
)
def test_an_installed_command_line_is_used_with_the_files_that_its_version_brings(
    layout: Layout, folder: Path, version: str, companions: tuple[str, ...]
):
    install_cli(folder, version, companions)
    installed, said = found(layout)
    assert installed is not None
    assert installed.folder == folder
    assert set(installed.programs) == {"pulumi", *companions}
    assert said == []


@pytest.mark.parametrize(
    ("version", "named", "fault"),
    [
        ("v3.219.9", "The Pulumi CLI 3.219.9 in", "it is older than 3.220."),
        ("v2.300.0", "The Pulumi CLI 2.300.0 in", "it is older than 3.220."),
        ("no version at all", "The Pulumi CLI in", "it doesn't say its version."),
    ],
)
def test_one_that_is_too_old_is_not_used_and_one_line_says_why_and_what_to_do(
    layout: Layout, folder: Path, version: str, named: str, fault: str
):
    install_cli(folder, version, CLI_FILES_UNTIL_3_220)
    installed, [line] = found(layout)
    assert installed is None
    assert line.startswith(f"{named} {folder} is not used: {fault}")
    assert "This checkout uses 3.220.0 instead, which it builds once" in line
    assert "To use your own, install a complete Pulumi CLI, 3.220 or newer" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        *(("v3.276.0", name) for name in CLI_FILES),
        *(("v3.220.0", name) for name in CLI_FILES_UNTIL_3_220),
    ],
)
def test_one_without_a_file_that_its_version_needs_is_not_used_and_the_file_is_named(
    layout: Layout, folder: Path, version: str, missing: str
):
    install_cli(folder, version, CLI_FILES_UNTIL_3_220)
    (folder / missing).unlink()
    installed, [line] = found(layout)
    assert installed is None
    assert f"in {folder} is not used: its folder lacks {missing}." in line


def test_one_that_this_machine_cannot_run_is_not_used(layout: Layout, folder: Path):
    install_cli(folder, "v3.276.0")
    (folder / "pulumi").write_bytes(b"\x7fELF of another kind of machine")
    installed, [line] = found(layout)
    assert installed is None
    assert "it doesn't say its version" in line


def test_where_there_is_none_there_is_nothing_to_tell(
    layout: Layout, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(folder))
    assert found(layout) == (None, [])


def test_the_companions_are_looked_for_behind_links(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    folder = install_cli(tmp_path / "cellar", "v3.276.0")
    links = tmp_path / "links"
    links.mkdir()
    (links / "pulumi").symlink_to(folder / "pulumi")
    monkeypatch.setenv("PATH", f"{links}:/usr/bin:/bin")
    installed, _ = found(layout)
    assert installed is not None
    assert installed.folder == folder


def test_what_was_built_here_is_not_taken_for_the_machines_own_by_whatever_path(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
):
    install_cli(layout.pulumi_bin, "v3.220.0", CLI_FILES_UNTIL_3_220)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").symlink_to(layout.pulumi_bin / "pulumi")
    (tmp_path / "linked folder").symlink_to(layout.pulumi_bin)
    monkeypatch.chdir(layout.checkout)
    for path in (
        layout.pulumi_bin,
        ".local/pulumi/bin",
        tmp_path / "bin",
        tmp_path / "linked folder",
    ):
        monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
        assert found(layout) == (None, []), path


def test_links_do_not_keep_a_command_line_in_use_that_left_path(
    layout: Layout, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    install_cli(folder, "v3.276.0")
    installed, _ = found(layout)
    assert installed is not None
    pulumi_cli.link_cli(layout, installed, print)
    monkeypatch.setenv("PATH", f"{layout.pulumi_bin}:/usr/bin:/bin")
    assert found(layout) == (None, [])


def linked(layout: Layout) -> dict[str, Path]:
    """The files of `pulumi_bin`, all of them links, with what each leads to."""
    return {path.name: path.readlink() for path in layout.pulumi_bin.iterdir()}


@pytest.mark.parametrize(
    ("before", "after"), [("v3.220.0", "v3.276.0"), ("v3.276.0", "v3.220.0")], ids=["up", "down"]
)
def test_the_links_follow_the_version_of_the_command_line(
    layout: Layout, folder: Path, before: str, after: str
):
    for version in (before, after):
        companions = CLI_FILES_UNTIL_3_220 if version == "v3.220.0" else CLI_FILES
        for path in folder.iterdir() if folder.exists() else ():
            path.unlink()
        install_cli(folder, version, companions)  # in the place of the one before
        installed, _ = found(layout)
        assert installed is not None
        for _again in range(2):
            pulumi_cli.link_cli(layout, installed, print)
            assert linked(layout) == {name: folder / name for name in ("pulumi", *companions)}


def test_a_script_that_an_older_command_line_left_in_its_folder_is_not_linked(
    layout: Layout, folder: Path
):
    install_cli(folder, "v3.276.0", CLI_FILES_UNTIL_3_220)
    installed, _ = found(layout)
    assert installed is not None
    pulumi_cli.link_cli(layout, installed, print)
    assert POLICY_SCRIPT not in linked(layout)


def test_links_replace_what_was_built(layout: Layout, folder: Path):
    install_cli(layout.pulumi_bin, "v3.220.0", CLI_FILES_UNTIL_3_220)
    install_cli(folder, "v3.276.0")
    before = contents(folder)
    installed, _ = found(layout)
    assert installed is not None
    pulumi_cli.link_cli(layout, installed, print)
    assert linked(layout).keys() == {"pulumi", *CLI_FILES}
    assert contents(folder) == before


def test_a_link_to_an_installed_program_does_not_pass_for_a_built_one(layout: Layout, folder: Path):
    write_module(layout)
    install_cli(layout.pulumi_bin, "v3.220.0", CLI_FILES_UNTIL_3_220)
    pulumi_cli.program_stamp(layout, pulumi_cli.ENGINE).write()
    assert pulumi_cli.is_built(layout, pulumi_cli.ENGINE)
    write_script(folder, "pulumi", "")
    (layout.pulumi_bin / "pulumi").unlink()
    (layout.pulumi_bin / "pulumi").symlink_to(folder / "pulumi")
    assert not pulumi_cli.is_built(layout, pulumi_cli.ENGINE)


def test_a_changed_version_or_module_list_asks_for_a_new_build(layout: Layout):
    folder = write_module(layout)
    before = pulumi_cli.program_stamp(layout, pulumi_cli.ENGINE).inputs
    (folder / "go.sum").write_text("changed")
    assert pulumi_cli.program_stamp(layout, pulumi_cli.ENGINE).inputs != before


def write_module(layout: Layout) -> Path:
    folder = layout.checkout / "toolchain" / "pulumi"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module a")
    (folder / "go.sum").write_text("")
    return folder
