"""Lets work pass, many at a time, and keeps it out for a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """What changes data passes through it; what needs them unchanged closes it.

    It closes only when none is inside, so that a request which sends others to this server
    does not wait for itself.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Goes in as soon as the gate is open, and out at the end."""
        with self._condition:
            self._condition.wait_for(lambda: not self._closed)
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def closed(self, patience: float) -> Iterator[bool]:
        """Keeps others out, and yields whether none is inside.

        After `patience` seconds it closes although some are: a request may take long.
        """
        with self._condition:
            quiet = self._condition.wait_for(lambda: self._inside == 0, patience)
            self._closed = True
        try:
            yield quiet
        finally:
            with self._condition:
                self._closed = False
                self._condition.notify_all()
