"""The set-up as a whole."""

from __future__ import annotations

import ast
import fcntl
import io
import os
import shutil
import sys
from functools import partial
from pathlib import Path
from threading import Timer

import pytest

from tests.toolchain.conftest import write_go
from tests.toolchain.fake_programs import (
    CLI_FILES,
    CLI_FILES_UNTIL_3_220,
    POLICY_SCRIPT,
    contents,
    install_cli,
    write_script,
)
from toolchain import __main__ as toolchain_main
from toolchain.__main__ import set_up
from toolchain.layout import CHECKOUT, Layout
from toolchain.progress import Progress
from toolchain.pulumi_cli import PROGRAMS
from toolchain.python_packages import ALL, packages_stamp, uv


def go_calls(folder: Path) -> list[str]:
    calls = folder / "go.calls"
    return calls.read_text().splitlines() if calls.exists() else []


def run_set_up(layout: Layout) -> None:
    with Progress(io.StringIO()) as progress:
        set_up(layout, progress, ALL)


def test_a_set_up_with_a_current_command_line_on_path_builds_nothing(
    with_packages: Layout, installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    for _again in range(2):
        run_set_up(with_packages)
        links = {path.name: path.readlink() for path in with_packages.pulumi_bin.iterdir()}
        assert links == {name: installed / name for name in ("pulumi", *CLI_FILES)}
    assert go_calls(tmp_path) == []
    assert contents(installed) == before
    said = [line for line in capsys.readouterr().err.splitlines() if "Pulumi CLI" in line]
    assert said == [f"The Pulumi CLI 3.276.0 in {installed} is used; none is built."]


@pytest.mark.parametrize("reason", ["left PATH", "became too old", "lost a file"])
def test_a_set_up_that_builds_leaves_the_command_line_that_was_linked_before_as_it_is(
    with_packages: Layout,
    installed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reason: str,
):
    install_cli(installed, "v3.220.0", CLI_FILES_UNTIL_3_220)
    run_set_up(with_packages)
    assert (with_packages.pulumi_bin / "pulumi").is_symlink()
    if reason == "left PATH":
        monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    elif reason == "became too old":
        install_cli(installed, "v3.219.0", CLI_FILES_UNTIL_3_220)
    else:
        (installed / "pulumi-language-python").unlink()
    before = contents(installed)
    for _again in range(2):
        run_set_up(with_packages)
    assert contents(installed) == before
    for name in ("pulumi", *CLI_FILES_UNTIL_3_220):
        built = with_packages.pulumi_bin / name
        assert not built.is_symlink()
        assert built.read_text() == "#!/bin/sh\necho built\n"
        assert os.access(built, os.X_OK)
    assert sum(call.startswith("build ") for call in go_calls(tmp_path)) == len(PROGRAMS)
    emptied = tmp_path / "module" / "blob" / "s3blob" / "s3blob.go"
    assert emptied.read_text() == "package s3blob\n"
    said = [line for line in capsys.readouterr().err.splitlines() if "is not used" in line]
    # Once for each set-up, but none for a command line that is not there.
    assert len(said) == (0 if reason == "left PATH" else 2)


def test_a_command_line_that_comes_back_replaces_what_was_built_until_it_goes_again(
    with_packages: Layout, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run_set_up(with_packages)
    assert not (with_packages.pulumi_bin / "pulumi").is_symlink()
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    run_set_up(with_packages)
    assert (with_packages.pulumi_bin / "pulumi").readlink() == installed / "pulumi"
    assert not (with_packages.pulumi_bin / POLICY_SCRIPT).exists()
    monkeypatch.setenv("PATH", f"{tmp_path / 'go'}:/usr/bin:/bin")
    run_set_up(with_packages)
    assert (with_packages.pulumi_bin / "pulumi").read_text() == "#!/bin/sh\necho built\n"
    assert contents(installed) == before


def test_what_is_downloaded_is_kept_until_both_python_packages_and_go_are_installed(
    with_packages: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    stamp = packages_stamp(with_packages, ALL).path
    stamp.unlink()
    go = write_go(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    shutil.copytree(
        CHECKOUT / "toolchain", with_packages.checkout / "toolchain", dirs_exist_ok=True
    )
    write_script(
        with_packages.python.parent,
        uv(with_packages).name,
        f"""case "$*" in *go-requirements.txt*) ;; *) exit ;; esac
mkdir -p "$UV_CACHE_DIR" && : > "$UV_CACHE_DIR/archive"
until [ -e '{stamp}' ]; do sleep 0.05; done
sleep 0.5
cat "$UV_CACHE_DIR/archive" || exit
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/go/bin" && ln -s '{go}' "$2/go/bin/go" """,
    )
    run_set_up(with_packages)
    assert (with_packages.pulumi_bin / "pulumi").exists()
    assert not (with_packages.local / "uv-cache").exists()


@pytest.mark.parametrize(("quiet", "said"), [(0.05, True), (60.0, False)])
def test_a_set_up_says_that_it_waits_for_another_only_if_that_takes_long(
    layout: Layout,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quiet: float,
    said: bool,
):
    monkeypatch.setattr(toolchain_main, "_QUIET_SECONDS", quiet)
    layout.local.mkdir()
    with (layout.local / "setup.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        Timer(1, partial(fcntl.flock, other, fcntl.LOCK_UN)).start()
        with toolchain_main._only_one(layout), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert ("Another set-up of this checkout runs" in capsys.readouterr().err) == said


def test_folders_that_are_links_are_replaced_and_nothing_is_written_through_them(
    with_packages: Layout, installed: Path, tmp_path: Path
):
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "plugins").mkdir(parents=True)
    with_packages.pulumi_bin.parent.mkdir()
    with_packages.pulumi_bin.symlink_to(installed)
    for name in ("pulumi-home", "stamps", "logs", "clients"):
        (with_packages.local / name).symlink_to(elsewhere)
    run_set_up(with_packages)
    assert contents(installed) == before
    assert [path.name for path in elsewhere.rglob("*")] == ["plugins"]
    assert (with_packages.pulumi_bin / "pulumi").readlink() == installed / "pulumi"
    assert not with_packages.pulumi_bin.is_symlink()


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "toolchain").rglob("*.py")), ids=lambda p: p.stem
)
def test_it_needs_the_standard_library_only_and_no_other_folder(path: Path):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    imported = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in imported}
    assert roots <= {*sys.stdlib_module_names, "toolchain"}
