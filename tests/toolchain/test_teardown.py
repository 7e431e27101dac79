"""`make down` and `make clean` without a set-up."""

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

from acceptance.diary import Diary
from tests.toolchain.fake_programs import contents, install_cli
from toolchain import teardown
from toolchain.__main__ import set_up
from toolchain.layout import CHECKOUT, Layout
from toolchain.progress import Progress
from toolchain.python_packages import ALL, packages_stamp


def test_clean_removes_links_and_leaves_what_they_lead_to(
    with_packages: Layout, installed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    install_cli(installed, "v3.276.0")
    before = contents(installed)
    with Progress(io.StringIO()) as progress:
        set_up(with_packages, progress, ALL)
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


def test_down_and_clean_work_on_a_checkout_that_was_never_used(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    assert teardown.down(layout) == 0
    assert teardown.clean(layout) == 0
    assert "Nothing is set up" in capsys.readouterr().out


def test_down_of_one_stack_is_left_to_the_command(layout: Layout):
    for path in (layout.python, packages_stamp(layout).path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('#!/bin/sh\necho "$@" > called\n')
    layout.python.chmod(0o755)
    assert teardown.down(layout, "--stack", "vision-dev") == 0
    called = (layout.checkout / "called").read_text()
    assert called == "-m development down --stack vision-dev\n"


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


def test_clean_leaves_only_what_is_the_users_own(
    layout: Layout, capsys: pytest.CaptureFixture[str]
):
    shutil.copy(CHECKOUT / ".gitignore", layout.checkout)
    subprocess.run(["git", "init", "-q", layout.checkout], check=True)
    made = (
        *(".venv/bin/pip", ".local/state/a", ".mypy_cache/a", ".hypothesis/a"),
        *("__pycache__/a.pyc", "components/network/__pycache__/a.pyc", "policies/.hypothesis/a"),
        *("examples/job/.source/a.zip", "examples/job/__pycache__/a.pyc"),
    )
    own = (
        *("policies/configuration.json", "Pulumi.mine.yaml", "mine/__pycache__/a.pyc"),
        *("examples/mine/env/pyvenv.cfg", "examples/mine/env/__pycache__/a.pyc"),
    )
    for name in (*made, *own):
        (layout.checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (layout.checkout / name).touch()
    assert teardown.clean(layout) == 0
    assert "Removed 3 folders __pycache__" in capsys.readouterr().out
    assert {name for name in (*made, *own) if (layout.checkout / name).exists()} == {*own}
    listed = subprocess.run(
        ["git", "status", "--ignored=matching", "--porcelain"],
        cwd=layout.checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    ignored = [line for line in listed.stdout.splitlines() if line.startswith("!!")]
    assert ignored == ["!! examples/mine/env/__pycache__/", "!! mine/__pycache__/"]


def test_clean_knows_each_folder_that_has_modules():
    tracked = subprocess.run(
        ["git", "ls-files", "*/*.py"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert {line.partition("/")[0] for line in tracked.stdout.splitlines()} == {*teardown.FOLDERS}


@pytest.mark.parametrize("finished", [True, False])
def test_clean_keeps_what_an_acceptance_may_have_left_in_an_account(
    layout: Layout, capsys: pytest.CaptureFixture[str], finished: bool
):
    diary = Diary(
        folder=layout.local / "acceptance" / "20260301T120000Z",
        account="123456789012",
        region="us-east-1",
        image="image",
        instance_type="ml.m5.large",
        extras=[],
        backend="file://backend",
        max_usd=1,
        finished=finished,
    )
    diary.write()
    (layout.local / "logs").mkdir()
    assert teardown.clean(layout) == 0
    assert diary.folder.exists() is not finished
    assert not (layout.local / "logs").exists()
    assert ("make acceptance OPTIONS=--clean-up" in capsys.readouterr().out) is not finished


HOLDS_LOCK = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
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
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    with local_cloud(layout.cloud) as process:
        teardown.stop_local_cloud(layout)
        assert process.wait() == -signal.SIGTERM
    assert f"Stopped the local cloud, process {process.pid}" in capfd.readouterr().out


def test_the_local_cloud_of_another_checkout_that_got_the_number_is_not_touched(
    layout: Layout, tmp_path: Path
):
    with local_cloud(tmp_path / "another" / ".local" / "cloud") as process:
        layout.cloud.mkdir(parents=True)
        (layout.cloud / "server.json").write_text(json.dumps({"pid": process.pid}))
        teardown.stop_local_cloud(layout)
        time.sleep(0.1)  # a process that was sent a signal lives on for a moment
        assert process.poll() is None


def test_a_process_that_is_no_local_cloud_is_not_touched(layout: Layout):
    layout.cloud.mkdir(parents=True)
    (layout.cloud / "server.json").write_text(json.dumps({"pid": os.getpid()}))
    teardown.stop_local_cloud(layout)  # would end this test run


@pytest.mark.parametrize("content", ["", "{}"])
def test_what_a_local_cloud_wrote_of_itself_may_be_broken(
    layout: Layout, capfd: pytest.CaptureFixture[str], content: str
):
    layout.cloud.mkdir(parents=True)
    (layout.cloud / "server.json").write_text(content)
    (layout.cloud / "server.lock").touch()
    assert teardown.clean(layout) == 0
    assert not layout.local.exists()
    assert capfd.readouterr().err == ""


def test_no_package_is_needed_to_stop_a_local_cloud(layout: Layout):
    without_packages = [sys.executable, "-S", "-m", "development.leftovers", str(layout.cloud)]
    with local_cloud(layout.cloud) as process:
        subprocess.run(without_packages, cwd=CHECKOUT, check=True)
        assert process.wait() == -signal.SIGTERM
