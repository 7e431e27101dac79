"""What the processes of a host use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localcloud.sagemaker.jobs.instances import instance_types
from localcloud.sagemaker.runtime.host_use import HostUse
from localcloud.sagemaker.runtime.volumes import Volume
from tests.localcloud.cloud import eventually

BUSY = "while True: pass"
WAITING = "import time; time.sleep(60)"
CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@contextmanager
def running(script: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", script], start_new_session=True) as process:
        try:
            yield process.pid
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def use(process: int | None, folder: Path, type_: str = "ml.g5.12xlarge") -> HostUse:
    folder.joinpath("data").write_bytes(b"x" * (1 << 20))
    return HostUse(instance_types()[type_], lambda: process, Volume("algo-1", (folder,), 4 << 20))


@pytest.mark.parametrize(("script", "is_busy"), [(BUSY, True), (CHILD, True), (WAITING, False)])
def test_a_busy_process_and_its_children_count_and_a_waiting_one_does_not(
    tmp_path: Path, script: str, is_busy: bool
):
    with running(script) as process:
        found = eventually(lambda: read(use(process, tmp_path), is_busy))
    assert found["GPUUtilization"] == found["CPUUtilization"]
    assert 0 < found["MemoryUtilization"] < 5
    assert found["GPUMemoryUtilization"] == 4 * found["MemoryUtilization"]
    assert 25 <= found["DiskUtilization"] < 30


def read(host: HostUse, is_busy: bool) -> dict[str, float] | None:
    """What a host used within a moment; None unless it was as busy as expected."""
    host.read()
    time.sleep(0.4)
    found = host.read()
    return found if (found["CPUUtilization"] > 20) == is_busy else None


@pytest.mark.parametrize("type_", ["ml.c5.xlarge", "ml.trn1.2xlarge"])
def test_a_type_without_gpus_has_no_metrics_of_them(tmp_path: Path, type_: str):
    with running(WAITING) as process:
        found = use(process, tmp_path, type_).read()
    assert set(found) == {"CPUUtilization", "MemoryUtilization", "DiskUtilization"}


@pytest.mark.parametrize("process", [None, 1 << 30])
def test_a_host_without_processes_has_no_metrics(tmp_path: Path, process: int | None):
    assert use(process, tmp_path).read() == {}
