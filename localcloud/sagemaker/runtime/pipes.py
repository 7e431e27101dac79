"""A channel in Pipe mode: a named pipe for each epoch, fed when the script opens it."""

from __future__ import annotations

import errno
import logging
import os
import select
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from botocore.exceptions import BotoCoreError
from botocore.exceptions import ClientError as ServiceClientError

from localcloud.sagemaker.runtime.failures import ClientError, refused
from localcloud.sagemaker.runtime.streams import Stream

_POLL_SECONDS = 0.02
_log = logging.getLogger(__name__)


class Pipe:
    """Feeds one channel of one instance, on a thread of its own.

    `<channel>_0` is there before the script begins, and each further pipe before any data of
    the one before, so that a script never looks for one in vain.
    """

    def __init__(self, path: Path, stream: Stream, fail: Callable[[Exception], None]) -> None:
        """`path` lacks the epoch's number; `fail` is told why data can't be had."""
        self._path = path
        self._stream = stream
        self._fail = fail
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"pipe {path.name}", daemon=True)
        os.mkfifo(self._of(0))

    def start(self) -> None:
        """Begin to wait for the script."""
        self._thread.start()

    def close(self) -> None:
        """End, once the instance has."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _of(self, epoch: int) -> Path:
        return self._path.with_name(f"{self._path.name}_{epoch}")

    def _run(self) -> None:
        epoch = 0
        while (pipe := self._open(self._of(epoch))) is not None:
            try:
                os.mkfifo(self._of(epoch + 1))
                self._feed(pipe, self._stream.epoch(epoch))
            except ServiceClientError as error:
                self._fail(refused("Data download failed:", error))
                return
            except ClientError as error:
                self._fail(error)
                return
            except (OSError, BotoCoreError):
                # The instance may just have ended; otherwise its script sees the end of data.
                _log.exception("The pipe %s broke", self._path)
                return
            finally:
                os.close(pipe)
            epoch += 1

    def _open(self, path: Path) -> int | None:
        """Open a pipe once the script reads from it; None if it never does."""
        while not self._ended.is_set():
            try:
                return os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    return None
            self._ended.wait(_POLL_SECONDS)
        return None

    def _feed(self, pipe: int, pieces: Iterator[bytes]) -> None:
        """Write all pieces, or as many as the script wants."""
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
        """Write what the pipe takes now, which may be nothing."""
        select.select([], [pipe], [], _POLL_SECONDS * 10)
        try:
            return os.write(pipe, data)
        except BlockingIOError:
            return 0
