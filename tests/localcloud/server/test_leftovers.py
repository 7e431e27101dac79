"""The processes that a local cloud ends, of those that an earlier one left."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.sagemaker.sandbox import fork_server_process
from localcloud.server import daemon
from localcloud.server.leftovers import sweep, use_temporary_folder
from tests.localcloud.cloud import children, eventually
from tests.localcloud.cloud import command as command_line

SLEEP = "import time; time.sleep(300)"
WITH_CHILD = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEP!r}], env={{}})
time.sleep(300)
"""
FORKED = ("-m", fork_server_process.__name__)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    (tmp_path / "jobs" / "job-1" / "algo-1" / "ml").mkdir(parents=True)
    return tmp_path / "jobs"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python scripts with further arguments, and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(script: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-S", "-c", script, *arguments]
        started.append(subprocess.Popen(command, env=environment))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.wait()


def instance(jobs: Path) -> dict[str, str]:
    """What the local cloud sets for the plain processes of an instance."""
    folder = jobs / "job-1" / "algo-1"
    return {"HOME": str(folder / "home"), "SAGEMAKER_BASE_DIR": str(folder / "ml")}


def test_the_plain_processes_of_a_job_are_ended_and_its_folder_removed(jobs: Path, start: Start):
    left = start(SLEEP, **instance(jobs))
    sweep(jobs)
    assert left.wait() < 0
    assert not jobs.exists()


def test_what_a_server_forked_and_left_is_ended_with_all_below_it(jobs: Path):
    command = [sys.executable, "-S", "-c", WITH_CHILD, *FORKED]
    orphan = ["sh", "-c", '"$@" >/dev/null 2>&1 & echo $!', "sh", *command]
    left = int(subprocess.run(orphan, capture_output=True, text=True, check=True).stdout)
    [child] = eventually(lambda: children(left) or None)

    sweep(jobs)

    # A process's command is empty from its end on, until it was waited for.
    eventually(lambda: not (command_line(left) or command_line(child)) or None)


def test_what_only_names_a_jobs_folder_is_not_touched(jobs: Path, start: Start):
    """A script that is tried by hand, a search through the folder, a job of another cloud."""
    others = [
        start(SLEEP, SAGEMAKER_BASE_DIR=instance(jobs)["SAGEMAKER_BASE_DIR"], HOME="/root"),
        start(SLEEP, "localcloud.sagemaker.sandbox", f"{jobs}/job-1"),
        start(SLEEP, *FORKED),  # of a server that lives
        start(SLEEP, **instance(jobs.with_name("jobs-2"))),
    ]
    sweep(jobs)
    time.sleep(0.1)  # a process that was sent a signal lives on for a moment
    assert [process.poll() for process in others] == [None] * len(others)


def test_temporary_files_are_in_a_folder_without_those_of_an_earlier_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", None)
    folder = tmp_path / "tmp"
    (folder / "half-packed-model").mkdir(parents=True)

    use_temporary_folder(folder)

    assert list(folder.iterdir()) == []
    with tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == folder


def test_a_process_that_got_the_number_of_a_dead_server_is_not_stopped_for_it(
    tmp_path: Path, start: Start
):
    other = start(SLEEP)
    fields = {"port": 1, "url": "", "version": "", "sandbox": "", "lost": "", "sources": ""}
    state = {"pid": other.pid, "started": 0.0} | fields
    (tmp_path / daemon.STATE_FILE).write_text(json.dumps(state))
    with (tmp_path / daemon.LOCK_FILE).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a server that just now starts
        assert daemon.find(tmp_path) is None
        assert not daemon.stop(tmp_path)
    time.sleep(0.1)
    assert other.poll() is None
