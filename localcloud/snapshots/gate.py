"""A gate that lets many pass at a time, and can be closed for a moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Changes of data pass through it; a snapshot closes it.

    It closes only when nothing is inside, so that a request that sends others to this server does
    not wait for itself.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._inside = 0
        self._waiting = 0
        self._closed = False

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Enters as soon as the gate is open, and leaves at the end."""
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: not self._closed)
            self._waiting -= 1
            self._inside += 1
        try:
            yield
        finally:
            with self._condition:
                self._inside -= 1
                self._condition.notify_all()

    @contextmanager
    def closed(self, patience: float) -> Iterator[bool]:
        """Closes the gate, and yields whether nothing is inside.

        Who has waited at a closed gate passes before it closes again. After `patience` seconds it
        closes in any case, because a request may take long.
        """
        with self._condition:
            quiet = self._condition.wait_for(
                lambda: self._inside == 0 and self._waiting == 0, patience
            )
            self._closed = True
        try:
            yield quiet
        finally:
            with self._condition:
                self._closed = False
                self._condition.notify_all()
