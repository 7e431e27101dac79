"""Lets one thread at a time change moto's data, as moto is not made for threads.

Its services call each other, so there is one lock for all of them. Who holds it must not wait: what
takes long is done `outside_moto`. A request that only reads takes no lock, because a list may take
seconds. If it fails, because data were changed meanwhile, it is made again with the lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

_lock = threading.Lock()


class _Held(threading.local):
    """How often the current thread has entered moto."""

    times = 0


_held = _Held()


@contextmanager
def in_moto() -> Iterator[None]:
    """Holds the lock; a thread that has it already goes on. It also decorates functions."""
    if not _held.times:
        _lock.acquire()
    _held.times += 1
    try:
        yield
    finally:
        _held.times -= 1
        if not _held.times:
            _lock.release()


@contextmanager
def outside_moto() -> Iterator[None]:
    """Lets other threads use moto meanwhile, if the current one has the lock.

    What the thread has read of moto before may have changed afterwards.
    """
    times, _held.times = _held.times, 0
    if times:
        _lock.release()
    try:
        yield
    finally:
        if times:
            _lock.acquire()
        _held.times = times


def holds_moto() -> bool:
    """Whether the current thread has the lock."""
    return bool(_held.times)


def waiting(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of moto's that waits, as one during which other threads use moto."""

    @wraps(function)
    def wait(*arguments: Any, **named: Any) -> Any:
        with outside_moto():
            return function(*arguments, **named)

    return wait
