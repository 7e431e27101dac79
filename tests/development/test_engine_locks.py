from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from development.engine_locks import is_locked, locks_of, release_dead_locks
from development.terminal import CommandError
from toolchain.layout import Layout

NO_PROCESS = 2**22 + 1  # above the kernel's largest number

Write = Callable[..., Path]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(checkout=tmp_path, local=tmp_path)


@pytest.fixture
def write_lock(layout: Layout) -> Write:
    folder = layout.state / ".pulumi/locks/organization/sagemaker-training/dev"
    folder.mkdir(parents=True)

    def write(process: int, host: str = socket.gethostname()) -> Path:
        path = folder / f"{process}-{host}.json"
        path.write_text(json.dumps({"pid": process, "username": "ann", "hostname": host}))
        return path

    return write


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[int]:
    """The number of a process that is called pulumi."""
    program = tmp_path / "pulumi"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        _wait_for_its_name(process.pid, program.name)
        yield process.pid
        process.kill()


def _wait_for_its_name(process: int, name: str) -> None:
    """A new process bears its parent's name until the kernel has loaded its program."""
    deadline = time.monotonic() + 30
    while Path(f"/proc/{process}/comm").read_text().strip() != name:
        assert time.monotonic() < deadline, f"process {process} never became {name}"
        time.sleep(0.01)


def test_a_dead_engines_lock_is_cancelled(layout: Layout, write_lock: Write):
    path = write_lock(NO_PROCESS)
    said: list[str] = []
    release_dead_locks(layout, said.append)
    assert not path.exists()
    assert str(NO_PROCESS) in said[0]


def test_a_living_engines_lock_is_kept_and_its_process_named(
    layout: Layout, write_lock: Write, engine: int
):
    path = write_lock(engine)
    with pytest.raises(CommandError, match=f"process {engine} of ann"):
        release_dead_locks(layout, print)
    assert path.exists()


def test_another_program_that_got_the_dead_engines_number_holds_nothing(
    layout: Layout, write_lock: Write
):
    write_lock(os.getpid())
    assert [lock.is_dead() for lock in locks_of(layout.state)] == [True]


def test_the_lock_of_another_machine_is_kept(layout: Layout, write_lock: Write):
    path = write_lock(NO_PROCESS, host="another-machine")
    with pytest.raises(CommandError, match="another-machine"):
        release_dead_locks(layout, print)
    assert path.exists()


def test_a_lock_that_is_being_written_is_kept(layout: Layout, write_lock: Write):
    path = write_lock(NO_PROCESS)
    path.write_text("")
    with pytest.raises(CommandError, match="unknown"):
        release_dead_locks(layout, print)


def test_without_a_backend_there_is_no_lock(layout: Layout):
    assert locks_of(layout.state) == []


def test_the_lock_of_another_stack_stops_no_one(layout: Layout, write_lock: Write, engine: int):
    lock = write_lock(engine)
    other = lock.parents[1] / "vision-dev" / "1.json"
    other.parent.mkdir()
    shutil.copy(write_lock(NO_PROCESS), other)
    release_dead_locks(layout, print, "vision-dev")
    assert not other.exists()
    assert is_locked(layout, "dev")
    assert not is_locked(layout, "vision-dev")
    with pytest.raises(CommandError, match="The stack dev is locked by process"):
        release_dead_locks(layout, print, "dev")
    with pytest.raises(CommandError, match="The stack dev is locked by process"):
        release_dead_locks(layout, print)
