"""A proxy of the local cloud that strikes at one chosen call."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from tests.integration.passing_on import PassingOn, served

Moment = Literal["before", "after", "unread"]
"""Before the call reaches the service; after it was carried out, its answer lost; or after its
answer has arrived and before it is read."""

READS = ("Describe", "List", "Get", "Search")


@dataclass(frozen=True)
class Point:
    """The call at which a strike comes, counted from 0, and the moment of it."""

    call: int
    moment: Moment
    operation: str = ""
    """Where only the calls of one operation are counted: how many reads come before may differ."""


@dataclass
class Way:
    """What has passed so far, and the strike that is to come.

    A call that is repeated, as a poll is, counts once, so that every run has the same points.
    """

    url: str = ""
    calls: list[str] = field(default_factory=list)
    struck: bool = False
    _point: Point | None = None
    _hold: Callable[[], None] = lambda: None
    _strike: Callable[[], None] = lambda: None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(
        self, point: Point | None, strike: Callable[[], None], hold: Callable[[], None]
    ) -> None:
        """Counts from 0 again; at the point it will `strike`, after `hold` for an unread answer."""
        with self._lock:
            self.calls, self.struck = [], False
            self._point, self._strike, self._hold = point, strike, hold

    def take(self, operation: str) -> Moment | None:
        """Counts one call; returns the moment at which it is struck, if it is."""
        with self._lock:
            if not self.calls or self.calls[-1] != operation:
                self.calls.append(operation)
            point = self._point
            if self.struck or point is None or not self._is_at(point):
                return None
            self.struck = True
            return point.moment

    def _is_at(self, point: Point) -> bool:
        calls = self.calls
        if point.operation:
            calls = [each for each in calls if each == point.operation]
            return self.calls[-1] == point.operation and point.call == len(calls) - 1
        return point.call == len(calls) - 1

    def strike(self) -> None:
        self._strike()

    def hold(self) -> None:
        self._hold()


@contextmanager
def way_to(cloud: str) -> Iterator[Way]:
    """A server between the engine's processes and the local cloud."""
    way = Way()

    class Handler(_Handler):
        passed = way

    with served(Handler, cloud) as way.url:
        yield way


class _Handler(PassingOn):
    passed: Way

    def handle(self) -> None:
        with suppress(ConnectionError):  # the process that asked was killed
            super().handle()

    def pass_on(self) -> None:
        body = self.body()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = "PutObject" if self.command == "PUT" else target or "GetCallerIdentity"
        moment = self.passed.take(operation)
        if moment == "before":
            self.passed.strike()
            self._cut()
            return
        answer, content = self.forward(body)
        if moment == "after":
            self.passed.strike()
            self._cut()
            return
        if moment == "unread":
            self.passed.hold()
        with suppress(ConnectionError):  # the process that asked may have ended
            self.answer(answer, content)
        if moment == "unread":
            self.passed.strike()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
