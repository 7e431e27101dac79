"""The least cost of interruptions: the expectations of Young (1974) and Daly (2006).

Interruptions come after exponentially distributed times of work. All times are seconds of work,
so the wait for new instances is left out, and so is the start of a script.
"""

from __future__ import annotations

import math


def goodput(interval: float, between: float) -> float:
    """The share of steps that are not repeated, with a checkpoint after every `interval`.

    `between` is the mean time between interruptions. A stretch between two checkpoints is begun
    again until it is done once without interruption, which takes M·(e^(T/M) - 1) of work.
    """
    return efficiency(interval, between, 0.0)


def efficiency(interval: float, between: float, cost: float) -> float:
    """The share of time that goes into steps done for good; a checkpoint costs `cost`."""
    try:
        return interval / (between * math.expm1((interval + cost) / between))
    except OverflowError:
        return 0.0


def best_interval(between: float, cost: float) -> float:
    """The interval with the highest efficiency, by Young's formula."""
    return math.sqrt(2 * cost * between)
