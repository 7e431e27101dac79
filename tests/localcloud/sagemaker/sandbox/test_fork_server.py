"""Processes that are forked from one that has loaded their code."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from localcloud.sagemaker.sandbox import fork_server_process
from localcloud.sagemaker.sandbox.fork_server import Forked, ForkServer
from tests.localcloud.cloud import children, command, eventually

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
SERVE = """
import time
from tests.localcloud.sagemaker.sandbox import test_fork_server
forked = test_fork_server.fork_server().fork(test_fork_server.sleep)
print(forked.number, flush=True)
time.sleep(300)
"""


_kept: list[ForkServer] = []


def fork_server(prepare: Callable[[], None] | None = None) -> ForkServer:
    """One that ends with the tests, as those of a local cloud end with it."""
    _kept.append(ForkServer(prepare or nothing, environment=ENVIRONMENT))
    return _kept[-1]


@pytest.fixture(scope="module")
def fork() -> ForkServer:
    return fork_server()


@contextmanager
def output() -> Iterator[tuple[int, int]]:
    """A pipe: the end that is read, and the end that is written."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def ended(process: int) -> bool | None:
    return None if command(process) else True


def nothing() -> None:
    pass


def refuse_processes() -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    os.fork = refuse


def write(file: int, text: str) -> int:
    os.write(file, text.encode())
    return 3


def length(text: str) -> int:
    return len(text) >> 20


def describe(file: int) -> None:
    """Writes what a process has from the one that forked it."""
    opened = [each for each in Path("/proc/self/fd").iterdir() if each.exists()]
    found = {
        "others": sorted({int(each.name) for each in opened} - {0, 1, 2, file}),
        "own session": os.getsid(0) == os.getpid(),
        "interrupt": signal.getsignal(signal.SIGINT) is signal.SIG_DFL,
        "name": Path("/proc/self/comm").read_text().strip(),
    }
    os.write(file, json.dumps(found).encode())


def fail() -> int:
    raise RuntimeError("this is the reason")


def sleep() -> None:
    time.sleep(300)


def end(forked: Forked) -> None:
    forked.signal(signal.SIGKILL)
    forked.wait(30)


def test_a_function_gets_its_files_and_arguments_and_its_result_is_the_exit_code(fork: ForkServer):
    with output() as (reading, writing):
        forked = fork.fork(write, "here", files=[writing])

        assert forked.wait(30) == 3
        assert os.read(reading, 100) == b"here"
    assert not forked.running()
    assert forked.wait() == 3


def test_arguments_may_be_longer_than_a_message(fork: ForkServer):
    assert fork.fork(length, "x" * (5 << 20)).wait(30) == 5


def test_a_process_has_nothing_of_the_other_processes(fork: ForkServer):
    others = [fork.fork(sleep) for _ in range(3)]
    with output() as (reading, writing):
        assert fork.fork(describe, files=[writing]).wait(30) == 0
        found = json.loads(os.read(reading, 1000))
    for each in others:
        end(each)

    assert found == {
        "others": [],
        "own session": True,
        "interrupt": True,
        "name": "test_fork_server"[:15],
    }


def test_a_function_that_fails_says_why_and_ends_with_1(capfd: pytest.CaptureFixture[str]):
    # Of its own, because it has this test's standard error.
    assert fork_server().fork(fail).wait(30) == 1

    assert "RuntimeError: this is the reason" in capfd.readouterr().err


def test_a_process_runs_until_it_gets_a_signal(fork: ForkServer):
    forked = fork.fork(sleep)
    with pytest.raises(TimeoutError, match=f"{forked.number} has not ended within 0.01 s"):
        forked.wait(0.01)
    assert forked.running()

    forked.signal(signal.SIGTERM)

    assert forked.wait(30) == -signal.SIGTERM
    assert not forked.running()
    forked.signal(signal.SIGTERM)  # does nothing


def test_no_process_is_an_error_and_the_fork_server_goes_on():
    refusing = fork_server(refuse_processes)
    for _ in range(2):
        with pytest.raises(BlockingIOError):
            refusing.fork(sleep)


def test_a_fork_server_can_begin_before_it_is_needed():
    own = fork_server()
    before = set(children(os.getpid()))
    own.begin()
    [prepared] = set(children(os.getpid())) - before
    own.begin()  # does nothing

    forked = own.fork(sleep)

    assert children(prepared) == [forked.number]
    end(forked)
    os.kill(prepared, signal.SIGKILL)
    eventually(lambda: ended(prepared))
    own.begin()  # another one
    assert own.fork(length, "x" * (2 << 20)).wait(30) == 2


def test_what_was_forked_ends_with_a_fork_server_that_was_killed_and_the_next_begins():
    own = fork_server()
    forked = own.fork(sleep)
    [parent] = [each for each in children(os.getpid()) if forked.number in children(each)]
    os.kill(parent, signal.SIGKILL)

    assert forked.wait(30) == -signal.SIGKILL
    eventually(lambda: ended(forked.number))
    assert own.fork(length, "x" * (2 << 20)).wait(30) == 2


def test_what_was_forked_ends_with_a_server_that_was_killed():
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdout=subprocess.PIPE, env=ENVIRONMENT, text=True
    ) as server:
        assert server.stdout is not None
        forked = int(server.stdout.readline())
        assert ended(forked) is None
        server.kill()

    eventually(lambda: ended(forked))


def test_a_fork_server_that_is_not_needed_ends(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fork_server_process, "_IDLE_SECONDS", 0.05)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fork_server_process._Forks(theirs).serve()  # returns
