"""Output that a job has printed and that is not yet safe elsewhere.

The kernel moves it from the job's pipe into memory that the server owns, in one step. So a reader
that is killed at any moment loses none of it, and the next one begins where the last one was.
"""

from __future__ import annotations

import os
import select

from localcloud.sagemaker.sandbox import linux

_MOVED_BYTES = 1 << 16
_FORGOTTEN_BYTES = 1 << 18
"""How much is freed at a time."""


class Spool:
    """The output of one instance, from a position on; positions are counted in bytes."""

    def __init__(self, pipe: int, memory: int) -> None:
        """`memory` is a file in memory whose size is what was taken from the pipe."""
        self._pipe = pipe
        self._memory = memory
        self._forgotten = 0

    @property
    def taken(self) -> int:
        """The bytes that were ever taken from the pipe."""
        return os.fstat(self._memory).st_size

    def take(self, seconds: float) -> bool:
        """Takes some output, or waits for a while. Returns whether more may come."""
        if not select.select([self._pipe], [], [], seconds)[0]:
            return True
        try:
            flags = os.SPLICE_F_NONBLOCK
            end = self.taken
            return bool(os.splice(self._pipe, self._memory, _MOVED_BYTES, None, end, flags))
        except BlockingIOError:  # another reader, which was killed at this moment, has taken it
            return True

    def read(self, position: int) -> bytes:
        """Some of what was taken after a position."""
        return os.pread(self._memory, _MOVED_BYTES, position)

    def forget(self, position: int) -> None:
        """Frees what was taken before a position; it can't be read again."""
        if position - self._forgotten >= _FORGOTTEN_BYTES:
            linux.free_start(self._memory, position)
            self._forgotten = position
