"""Sends what a job wrote to a service that may refuse it for a while."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

PATIENCE_SECONDS = 60.0
"""How long the same items are sent again before they are lost."""
_COLLECT_SECONDS = 0.2
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
_PASSING = frozenset(
    {"ThrottlingException", "Throttling", "LimitExceededException", "ServiceUnavailableException"}
)
_SERVER_ERROR = 500

Item = TypeVar("Item")


class Delivery(Generic[Item]):
    """Items in their order, collected for a fraction of a second and sent together.

    Those that a service does not take are sent again for a while, and then lost.
    """

    def __init__(
        self,
        send: Callable[[list[Item]], None],
        lost: Callable[[list[Item], Exception], None],
        most: int,
        size: Callable[[Item], int] = lambda _: 0,
        largest: int = 1,
    ) -> None:
        """`send` raises a service's error; `lost` gets items and this error.

        One call of `send` gets at most `most` items, whose sizes are together at most `largest`,
        unless there is only one.
        """
        self._send = send
        self._lost = lost
        self._most, self._size, self._largest = most, size, largest
        self._items: deque[Item] = deque()
        self._refused = 0.0
        self._pause = _FIRST_PAUSE_SECONDS
        self._due = 0.0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item) -> None:
        """Adds an item."""
        if not self._items:
            self._due = time.monotonic() + _COLLECT_SECONDS
        self._items.append(item)

    def wait(self) -> float:
        """The seconds until the next attempt is due."""
        if not self._items:
            return _COLLECT_SECONDS
        if len(self._items) >= self._most and not self._refused:
            return 0.0
        return max(0.0, self._due - time.monotonic())

    def attempt(self) -> None:
        """Sends some items, the oldest, if an attempt is due."""
        if not self._items or self.wait():
            return
        items = self._next()
        try:
            self._send(items)
        except (BotoCoreError, ClientError) as error:
            now = time.monotonic()
            self._refused = self._refused or now
            if passes(error) and now - self._refused < PATIENCE_SECONDS:
                self._due = now + self._pause
                self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)
                return
            self._lost(items, error)
        for _ in items:
            self._items.popleft()
        self._refused, self._pause, self._due = 0.0, _FIRST_PAUSE_SECONDS, 0.0

    def give_up(self, error: Exception) -> None:
        """Loses what is left."""
        if self._items:
            self._lost(list(self._items), error)
            self._items.clear()

    def _next(self) -> list[Item]:
        items: list[Item] = []
        size = 0
        for item in self._items:
            size += self._size(item)
            if len(items) == self._most or (items and size > self._largest):
                break
            items.append(item)
        return items


def passes(error: BotoCoreError | ClientError) -> bool:
    """Whether a service may take the same request later: it is too busy, or was not reached."""
    if not isinstance(error, ClientError):
        return True
    status: int = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in _PASSING or status >= _SERVER_ERROR
