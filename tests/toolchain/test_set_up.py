from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from development.layout import CHECKOUT, Layout
from localcloud.awsplugin.install import EXECUTABLE, launch_script, write_plugin_folder
from tests.toolchain.fake_programs import (
    CLI_FILES,
    CLI_FILES_UNTIL_3_220,
    POLICY_SCRIPT,
    contents,
    install_cli,
    write_script,
)
from toolchain import teardown
from toolchain.__main__ import set_up
from toolchain.aws_plugin import plugin_version
from toolchain.commands import Running, SetupError
from toolchain.progress import Progress
from toolchain.pulumi_cli import PROGRAMS, module_folder
from toolchain.python_packages import (
    count_pins,
    create_environment,
    environment_stamp,
    packages_stamp,
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (folder / name).write_text(f"# {name}\n")
    return Layout(checkout=folder, local=folder / ".local")


@pytest.fixture
def with_packages(layout: Layout) -> Layout:
    """A checkout whose Python packages are installed, so that only the rest is set up."""
    shutil.copy(CHECKOUT / "requirements.txt", layout.checkout)
    for program in PROGRAMS:
        source = module_folder(Layout(), program)
        shutil.copytree(source, module_folder(layout, program))
    layout.python.parent.mkdir(parents=True)
    layout.python.symlink_to(sys.executable)
    environment_stamp(layout).write()
    packages_stamp(layout).write()
    layout.local.mkdir()
    return layout


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own command line, the first on PATH, and a Go in another."""
    folder = tmp_path / "the user's"
    go = write_go(tmp_path)
    monkeypatch.setenv("PATH", f"{folder}:{go.parent}:/usr/bin:/bin")
    return folder


def write_go(folder: Path) -> Path:
    """A Go that builds scripts instead of programs, and writes down what it was asked for."""
    module = folder / "module"
    write_script(module / "python" / "cmd", "pulumi-language-python-exec", "echo built")
    for name in ("pulumi-resource-pulumi-python", POLICY_SCRIPT):
        write_script(module / "python" / "dist", name, "echo built")
    return write_script(
        folder / "go",
        "go",
        f"""echo "$*" >> '{folder}/go.calls'
case "$*" in
  "env GOVERSION") echo go1.99.0 ;;
  "list -m "*) echo '{module}' ;;
  "build "*) while [ "$1" != -o ]; do shift; done
    mkdir -p "$(dirname "$2")"; printf '#!/bin/sh\\necho built\\n' > "$2"; chmod +x "$2" ;;
esac""",
    )


def go_calls(folder: Path) -> list[str]:
    calls = folder / "go.calls"
    return calls.read_text().splitlines() if calls.exists() else []


def run_set_up(layout: Layout) -> None:
    with Progress(io.StringIO()) as progress:
        set_up(layout, progress)


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
    assert "not used" not in capsys.readouterr().err


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


def test_folders_that_are_links_are_replaced_and_nothing_is_written_through_them(
    with_packages: Layout, installed: Path, tmp_path: Path
):
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "plugins").mkdir(parents=True)
    with_packages.pulumi_bin.parent.mkdir()
    with_packages.pulumi_bin.symlink_to(installed)
    for folder in (with_packages.pulumi_home, with_packages.stamps, with_packages.logs):
        folder.symlink_to(elsewhere)
    run_set_up(with_packages)
    assert contents(installed) == before
    assert [path.name for path in elsewhere.rglob("*")] == ["plugins"]
    assert (with_packages.pulumi_bin / "pulumi").readlink() == installed / "pulumi"
    assert not with_packages.pulumi_bin.is_symlink()


def test_a_new_virtual_environment_does_not_empty_the_folder_that_a_link_leads_to(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "the user's").mkdir()
    (tmp_path / "the user's" / "kept").write_text("kept")
    layout.virtual_environment.symlink_to(tmp_path / "the user's")
    clearing = write_script(tmp_path, "python", 'mkdir -p "$4"; rm -rf "$4"/*')  # -m venv --clear
    monkeypatch.setattr(sys, "executable", str(clearing))
    with (
        Progress(io.StringIO()) as progress,
        pytest.raises(SetupError, match="No such file"),  # for there is no pip in it
    ):
        create_environment(layout, progress, Running())
    assert (tmp_path / "the user's" / "kept").read_text() == "kept"
    assert layout.virtual_environment.is_dir()
    assert not layout.virtual_environment.is_symlink()


def test_the_plugins_launch_script_replaces_a_link(tmp_path: Path):
    other = write_script(tmp_path / "other", EXECUTABLE, "echo another plugin")
    before = contents(other.parent)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / EXECUTABLE).symlink_to(other)
    written = write_plugin_folder(tmp_path / "folder", Path(sys.executable), CHECKOUT)
    assert not written.is_symlink()
    assert contents(other.parent) == before


def test_clean_removes_links_and_leaves_what_they_lead_to(
    with_packages: Layout, installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    run_set_up(with_packages)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("kept")
    (with_packages.checkout / ".source").symlink_to(tmp_path / "elsewhere")
    (with_packages.checkout / ".mypy_cache").symlink_to(tmp_path / "gone")
    assert teardown.clean(with_packages) == 0
    assert contents(installed) == before
    assert (tmp_path / "elsewhere" / "kept").read_text() == "kept"
    for name in (".local", ".source", ".mypy_cache"):
        assert not os.path.lexists(with_packages.checkout / name)
    assert f".source was a link to {tmp_path / 'elsewhere'}" in capsys.readouterr().out


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


HOLDS_LOCK = """
import sys, time
file = open(sys.argv[1])
print("opened", flush=True)
time.sleep(300)
"""


@contextmanager
def local_cloud(data: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that looks like the local cloud of a data folder."""
    data.mkdir(parents=True)
    (data / "server.lock").touch()
    arguments = ["localcloud", "serve", "--data", str(data)]
    command = [sys.executable, "-c", HOLDS_LOCK, str(data / "server.lock"), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "opened\n"
        (data / "server.json").write_text(json.dumps({"pid": process.pid}))
        yield process
        process.kill()


def test_a_local_cloud_that_no_command_could_stop_is_stopped(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    with local_cloud(layout.cloud) as process:
        teardown.stop_leftover(layout)
        assert process.wait() == -signal.SIGTERM
    assert f"Stopped the local cloud, process {process.pid}" in capsys.readouterr().out


def test_the_local_cloud_of_another_checkout_that_got_the_number_is_left_alone(
    layout: Layout, tmp_path: Path
):
    with local_cloud(tmp_path / "another" / ".local" / "cloud") as process:
        layout.cloud.mkdir(parents=True)
        (layout.cloud / "server.json").write_text(json.dumps({"pid": process.pid}))
        teardown.stop_leftover(layout)
        time.sleep(0.1)  # a process that was sent a signal lives on for a moment
        assert process.poll() is None


def test_a_process_that_is_no_local_cloud_is_left_alone(layout: Layout):
    layout.cloud.mkdir(parents=True)
    (layout.cloud / "server.json").write_text(json.dumps({"pid": os.getpid()}))
    teardown.stop_leftover(layout)  # would end this test run


def pins(file: Path) -> dict[str, str]:
    """The pinned versions of a requirements file, by normalised name and without extras."""
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.partition("[")[0].lower().replace("_", "-"): version for name, version in pairs}
