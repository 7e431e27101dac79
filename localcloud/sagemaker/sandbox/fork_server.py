"""A process from which others are forked, and what it has forked, as the server sees them."""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from localcloud.sagemaker.sandbox import fork_server_process

_ANSWER_BYTES = 32


class Forked:
    """A process that was forked."""

    def __init__(self, number: int, descriptor: int, code: int) -> None:
        """`descriptor` is one of the process, and on the pipe `code` its exit code comes."""
        self.number = number
        self._files = descriptor, code
        self._code: int | None = None
        self._lock = threading.Lock()

    def running(self) -> bool:
        """Whether it has not ended."""
        with self._lock:
            return self._code is None and not _readable(self._files[0], 0)

    def signal(self, number: int) -> None:
        """Sends it a signal, if it has not ended: never to another process with its number."""
        with self._lock, suppress(ProcessLookupError):
            if self._code is None:
                signal.pidfd_send_signal(self._files[0], number)

    def wait(self, seconds: float | None = None) -> int:
        """Waits until it has ended, and returns its exit code, -n for a signal n.

        Raises TimeoutError if it has not ended within some seconds.
        """
        if self._code is None and not _readable(self._files[1], seconds):
            raise TimeoutError(f"The process {self.number} has not ended within {seconds} s")
        with self._lock:
            if self._code is None:
                # Nothing comes if the process that forked it was killed, which kills it.
                self._code = int(os.read(self._files[1], _ANSWER_BYTES) or -signal.SIGKILL)
                for file in self._files:
                    os.close(file)
            return self._code


def _readable(file: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(file, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


class ForkServer:
    """A process from which others are forked. It begins with the first of them, or before."""

    def __init__(
        self,
        prepare: Callable[..., object],
        *arguments: object,
        options: Sequence[str] = (),
        environment: Mapping[str, str],
    ) -> None:
        """It calls `prepare` at its start; `options` are Python's."""
        self._prepare = prepare, arguments
        self._options = options
        self._environment = environment
        self._lock = threading.Lock()
        self._begun: tuple[subprocess.Popen[bytes], socket.socket] | None = None

    def begin(self) -> None:
        """Begins to prepare, without waiting for it, so that the first fork takes less time."""
        if not self._lock.acquire(blocking=False):
            return  # it is used just now
        try:
            if self._begun is None or self._begun[0].poll() is not None:
                with suppress(OSError):  # which the first fork raises, too
                    self._begin()
        finally:
            self._lock.release()

    def fork(
        self, function: Callable[..., int | None], *arguments: object, files: Sequence[int] = ()
    ) -> Forked:
        """A new process that calls a function, with files before its other arguments.

        The exit code is what the function returns. Raises OSError if there can't be a process.
        """
        wanted = function, arguments
        with self._lock:
            if self._begun is not None:
                try:
                    return _ask(self._begun[1], wanted, files)
                except ConnectionError:  # it was not needed for some time, or was killed
                    pass
            return _ask(self._begin(), wanted, files)

    def end(self) -> None:
        """Ends it, with what it has forked. It begins again with the next fork."""
        with self._lock:
            self._end()

    def _begin(self) -> socket.socket:
        """Begins, and returns the socket on which it is asked."""
        self._end()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, *self._options, "-m", fork_server_process.__name__]
        with theirs:
            process = subprocess.Popen(command, stdin=theirs.fileno(), env=self._environment)
        self._begun = process, ours
        _send(ours, self._prepare, ())
        return ours

    def _end(self) -> None:
        if self._begun is not None:
            process, ours = self._begun
            self._begun = None
            ours.close()
            process.kill()
            process.wait()


def _ask(server: socket.socket, wanted: object, files: Sequence[int]) -> Forked:
    _send(server, wanted, files)
    answer, received, _, _ = socket.recv_fds(server, _ANSWER_BYTES, 2)
    if not answer:
        raise ConnectionResetError("The process that forks others has ended")
    number = int(answer)
    if number < 0:
        raise OSError(-number, os.strerror(-number))
    descriptor, code = received
    return Forked(number, descriptor, code)


def _send(server: socket.socket, wanted: object, files: Sequence[int]) -> None:
    # In a file, because arguments may be longer than a message.
    file = os.memfd_create("wanted")
    try:
        with os.fdopen(os.dup(file), "wb") as opened:
            pickle.dump(wanted, opened)
        os.lseek(file, 0, os.SEEK_SET)
        socket.send_fds(server, [b"\0"], [file, *files])
    finally:
        os.close(file)
