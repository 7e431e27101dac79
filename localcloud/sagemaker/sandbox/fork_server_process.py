"""The process from which others are forked.

Its standard input is a socket, on which each message is a list of files. The first says what is
prepared; for each further one a process is forked. The first file holds the function that is called
and its arguments, the others are for the function. The answer has the process's number, its
descriptor, and a pipe on which its exit code comes; or the number of the kernel's error.

The process ends with the socket, or when nothing was forked for some minutes and nothing is left.
What it has forked ends with it. Standard library only.
"""

from __future__ import annotations

import errno
import gc
import os
import pickle
import selectors
import signal
import socket
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from localcloud.sagemaker.sandbox import linux

MOST_FILES = 4
"""The most files of a message."""
_IDLE_SECONDS = 300.0
_INPUT = 0
_FAILED = 1


def main() -> None:
    """Prepares what the first message says, then forks until there are no more messages."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server gets it, too
    server = socket.socket(fileno=os.dup(_INPUT))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), _INPUT)
    if wanted := _files(server):
        prepare, arguments = _wanted(*wanted)
        prepare(*arguments)
        gc.collect()
        gc.freeze()  # otherwise the search for garbage would copy all that the processes share
        with suppress(ConnectionError):
            _Forks(server).serve()


def _files(server: socket.socket) -> list[int]:
    """The files of the next message; none if there are no more messages."""
    with suppress(ConnectionError):
        _, files, _, _ = socket.recv_fds(server, 1, MOST_FILES)
        return files
    return []


def _wanted(file: int) -> tuple[Callable[..., int | None], tuple[Any, ...]]:
    """The function that a file names, and its arguments."""
    with os.fdopen(file, "rb") as opened:
        function, arguments = pickle.load(opened)  # noqa: S301 - the server's
        return function, arguments


class _Forks:
    """What was forked and has not ended."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, selectors.EVENT_READ)
        self._own = os.getpid()

    def serve(self) -> None:
        """Forks, and says how what was forked has ended."""
        while True:
            ready = self._selector.select(_IDLE_SECONDS)
            if not ready and len(self._selector.get_map()) == 1:
                return
            for key, _ in ready:
                if key.data is not None:
                    self._end(key.fd, *key.data)
                elif files := _files(self._server):
                    self._fork(files)
                else:
                    return

    def _fork(self, files: Sequence[int]) -> None:
        try:
            process, descriptor, code = self._forked(files)
        except OSError as error:
            self._server.send(str(-(error.errno or errno.EIO)).encode())
        else:
            socket.send_fds(self._server, [str(process).encode()], [descriptor, code])
            os.close(code)
        finally:
            for file in files:
                os.close(file)

    def _forked(self, files: Sequence[int]) -> tuple[int, int, int]:
        """A new process, its descriptor, and the pipe on which its exit code comes."""
        process = os.fork()
        if process == 0:
            self._become(files)
        try:
            return process, *self._watch(process)
        except OSError:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise

    def _watch(self, process: int) -> tuple[int, int]:
        descriptor = os.pidfd_open(process)
        try:
            code, written = os.pipe()
        except OSError:
            os.close(descriptor)
            raise
        self._selector.register(descriptor, selectors.EVENT_READ, (process, written))
        return descriptor, code

    def _end(self, descriptor: int, process: int, written: int) -> None:
        _, status = os.waitpid(process, 0)
        with suppress(BrokenPipeError):
            os.write(written, str(os.waitstatus_to_exitcode(status)).encode())
        self._selector.unregister(descriptor)
        os.close(descriptor)
        os.close(written)

    def _become(self, files: Sequence[int]) -> NoReturn:
        """Calls the function, and ends this process with its exit code."""
        code = _FAILED
        try:
            linux.signal_on_parent_death()
            if os.getppid() == self._own:
                signal.signal(signal.SIGINT, signal.SIG_DFL)
                os.setsid()
                self._close_others()
                function, arguments = _wanted(files[0])
                # For `ps`, which otherwise shows the same name for all.
                Path("/proc/self/comm").write_text(function.__module__.rpartition(".")[2])
                code = function(*files[1:], *arguments) or 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)

    def _close_others(self) -> None:
        """Closes what this process has from the one that forked it."""
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
            if key.data is not None:
                os.close(key.data[1])
        self._selector.close()


if __name__ == "__main__":
    main()
