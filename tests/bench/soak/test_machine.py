"""What a local cloud has of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from bench.soak.machine import Used, leftovers, marked, namespaces, processes
from localcloud.server import process_table

SLEEP = "import time; time.sleep(300)"


def test_processes_and_files_of_a_marked_server_are_left(tmp_path: Path):
    folder = tmp_path / uuid4().hex  # a mark that no other run of the tests has
    (folder / "cloud" / "kept").mkdir(parents=True)
    (folder / "cloud" / "jobs").mkdir()
    with marked(folder):
        left = subprocess.Popen([sys.executable, "-S", "-c", SLEEP])
    try:
        assert [each.number for each in processes(folder.name)] == [left.pid]
        found = leftovers(folder, set(), set())
        assert f"the process {left.pid}" in found[0]
        assert found[-1] == f"the file {folder / 'cloud' / 'jobs'}"
    finally:
        left.kill()
        left.wait()
    assert str(folder) not in os.environ["PATH"]


def test_a_process_is_in_no_other_namespace_than_its_parent():
    running = process_table.running()
    assert namespaces([running[os.getpid()]]) == set()


def test_what_a_process_uses_is_read():
    used = Used.by(os.getpid())
    assert used.memory > 1 << 20
    assert used.threads >= 1
    assert used.descriptors >= 3
