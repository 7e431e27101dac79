"""How a dynamic provider's errors reach the person at the prompt."""

from __future__ import annotations

import sys


def without_traceback() -> None:
    """Have this process print an exception's message alone.

    The dynamic-provider host sends the engine `traceback.format_exc()`, of which only the last
    lines say anything to the person who reads them.
    """
    sys.tracebacklimit = 0
