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

from localcloud.server import daemon
from localcloud.server.leftovers import sweep, use_temporary_folder
from tests.localcloud.cloud import eventually

SLEEP = "import time; time.sleep(300)"
WITH_CHILD = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {SLEEP!r}], env={{}})
time.sleep(300)
"""
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


def test_the_sandbox_of_an_instance_is_ended_with_all_below_it(jobs: Path, start: Start):
    specification = str(jobs / "job-1" / "algo-1" / "specification.json")
    module = "localcloud.sagemaker.sandbox.processes"
    left = start(WITH_CHILD, "-m", module, specification)
    children = Path(f"/proc/{left.pid}/task/{left.pid}/children")
    child = eventually(lambda: children.read_text().strip() or None)
    sweep(jobs)
    assert left.wait() < 0
    line = Path(f"/proc/{child}/cmdline")  # empty from the end on, until it was waited for
    eventually(lambda: not (line.exists() and line.read_bytes()) or None)


def test_what_only_names_a_jobs_folder_is_not_touched(jobs: Path, start: Start):
    """A script that is tried by hand, a search through the folder, a job of another cloud."""
    others = [
        start(SLEEP, SAGEMAKER_BASE_DIR=instance(jobs)["SAGEMAKER_BASE_DIR"], HOME="/root"),
        start(SLEEP, "localcloud.sagemaker.sandbox", f"{jobs}/job-1"),
        start(SLEEP, "-m", "localcloud.sagemaker.sandbox.processes", f"{jobs}-2/job-1/s.json"),
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
