"""A channel in Pipe mode: a named pipe for each epoch, filled when the script opens it."""

from __future__ import annotations

import errno
import itertools
import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from localcloud.sagemaker.data.streams import Stream
from localcloud.sagemaker.jobs.failure_reasons import ClientError

_POLL_SECONDS = 0.02
_log = logging.getLogger(__name__)


class Pipe:
    """Fills the pipes of one channel of one instance, on its own thread.

    `<channel>_0` exists before the script begins, and each further pipe before any data of the
    last one, so that a script always finds the next pipe.
    """

    def __init__(self, path: Path, stream: Stream, fail: Callable[[Exception], None]) -> None:
        """`path` is without the epoch's number; `fail` gets the error if data can't be read."""
        self._path = path
        self._stream = stream
        self._fail = fail
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pipe {path.name}", daemon=True)
        os.mkfifo(self._of(0))

    def start(self) -> None:
        """Starts the thread, which waits for the script."""
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; call it when the instance has ended."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _of(self, epoch: int) -> Path:
        return self._path.with_name(f"{self._path.name}_{epoch}")

    def _run(self) -> None:
        with self._failing():
            for epoch in itertools.count():
                pipe = self._open(self._of(epoch))
                if pipe is None:
                    return
                # The job fails before the script can take the pipe's end for the end of the data.
                with closing(os.fdopen(pipe, "wb", buffering=0)), self._failing():
                    self._make(epoch + 1)
                    self._feed(pipe, self._stream.epoch(epoch))

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Makes the job fail for any error, unless its instance has ended."""
        try:
            yield
        except Exception as error:
            if not self._ended.is_set():
                if not isinstance(error, ClientError):
                    _log.exception("The pipe %s broke", self._path)
                self._fail(error)
            self._ended.set()

    def _make(self, epoch: int) -> None:
        path = self._of(epoch)
        try:
            os.mkfifo(path)
        except FileExistsError as error:
            raise ClientError(
                f"Data download failed:The script created {path.name} itself"
            ) from error

    def _open(self, path: Path) -> int | None:
        """Opens a pipe once the script reads from it; None if it never does or removed it."""
        while not self._ended.is_set():
            try:
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            except OSError as error:
                if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}:
                    return None
                if error.errno != errno.ENXIO:
                    raise
            self._ended.wait(_POLL_SECONDS)
        return None

    def _feed(self, pipe: int, pieces: Iterator[bytes]) -> None:
        """Writes all pieces, or as many as the script reads."""
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                if self._ended.is_set():
                    return
                try:
                    rest = rest[self._write(pipe, rest) :]
                except BrokenPipeError:
                    return

    def _write(self, pipe: int, data: memoryview) -> int:
        """Writes as much as the pipe takes now, and returns how much that was."""
        ready = select.poll()
        ready.register(pipe, select.POLLOUT)
        ready.poll(_POLL_SECONDS * 10_000)
        try:
            return os.write(pipe, data)
        except BlockingIOError:
            return 0
