"""Keeps small what the C library holds of memory that this process has freed."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8
"""The parameter of glibc's mallopt for the number of heaps."""
_MOST_HEAPS = 2


def limit() -> None:
    """Lets all threads share two heaps; does nothing if the C library has no such setting.

    Otherwise each thread that receives uploads keeps up to 16 MB in a heap of its own. Python's
    lock is why threads seldom wait for one another's heap.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _MOST_HEAPS)


def give_back() -> None:
    """Gives freed memory back to the machine; does nothing where the C library can't."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
