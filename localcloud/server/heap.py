"""How this process holds its memory: little of what it has freed, and no long pauses for garbage.

Python looks for garbage in all objects, and no thread goes on meanwhile. A server that has loaded
moto has 200,000 of them, and each object in S3 adds twenty.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

_M_ARENA_MAX = -8
"""The parameter of glibc's mallopt for the number of heaps."""
_MOST_HEAPS = 2
_NEW_OBJECTS = 10_000
"""New objects after which Python looks among them for garbage; usually it is 700."""


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


def leave_alone() -> None:
    """Excludes all that is loaded now from the search for garbage, which then takes less time.

    Call it once, when the server is ready.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
