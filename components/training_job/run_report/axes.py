"""Scales of charts: where a value is, and which values are named. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_ROUND = (1, 2, 2.5, 5, 10)
_DECADES = 2
"""How many powers of ten values must span to be shown on a logarithmic scale."""

_NO_DIFFERENCE = 1e-12
"""The share of a value that is no difference."""
_SMALLEST = 1e-300
"""The smallest difference that can be divided by."""


@dataclass(frozen=True)
class Scale:
    """Places from 0 to 1 for the values from `low` to `high`."""

    low: float
    high: float
    is_logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value is; in the middle where all values are the same."""
        low, high, at = (self._shown(each) for each in (self.low, self.high, value))
        return 0.5 if high == low else min(max((at - low) / (high - low), 0.0), 1.0)

    def _shown(self, value: float) -> float:
        return math.log10(value) if self.is_logarithmic else value


def scale_of(values: Sequence[float], most_ticks: int = 4) -> tuple[Scale, list[float]]:
    """A linear scale that begins and ends with round values around these, and its round values."""
    low, high = min(values), max(values)
    if high - low <= max(_NO_DIFFERENCE * max(abs(low), abs(high)), _SMALLEST):
        return Scale(low, high), [low]
    step = _step(low, high, most_ticks)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [float(f"{number * step:.12g}") for number in range(first, last + 1)]
    return Scale(ticks[0], ticks[-1]), ticks


def spread_scale(values: Sequence[float]) -> Scale:
    """A scale from the lowest to the highest value, logarithmic where they span decades."""
    low, high = min(values), max(values)
    return Scale(low, high, is_logarithmic=low > 0 and high / low >= 10**_DECADES)


def round_between(low: float, high: float, most: int = 4) -> list[float]:
    """Round values from `low` to `high`, at most about so many."""
    if high <= low:
        return [low]
    step = _step(low, high, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _step(low: float, high: float, most: int) -> float:
    """The smallest round step that needs no more than so many to come from `low` to `high`."""
    # Divided first, as the difference of two large numbers may not be a finite one.
    rough = high / most - low / most
    power = 10.0 ** math.floor(math.log10(rough))
    return next(each * power for each in _ROUND if each * power >= rough * (1 - 1e-9))
