"""The ranges of hyperparameters: what can be chosen, and how it is written.

All values are text, as the API has them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]

_WIDE = 100.0
"""From this quotient of its ends on, Auto scales a range logarithmically."""


@dataclass(frozen=True)
class Categorical:
    """A choice among texts."""

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        """The number of its values."""
        return len(self.values)

    def at(self, position: float) -> str:
        """The value at a position between 0 and 1."""
        return self.values[min(int(position * len(self.values)), len(self.values) - 1)]

    def has(self, text: str) -> bool:
        """Whether a text is one of its values."""
        return text in self.values


@dataclass(frozen=True)
class Integer:
    """A choice of a whole number."""

    name: str
    low: int
    high: int
    logarithmic: bool = False

    @property
    def size(self) -> int:
        """The number of its values."""
        return self.high - self.low + 1

    def at(self, position: float) -> str:
        """The value at a position between 0 and 1."""
        low, high = self.low - 0.5, self.high + 0.5
        found = (
            math.exp(_between(math.log(low), math.log(high), position))
            if self.logarithmic
            else _between(low, high, position)
        )
        return str(min(max(round(found), self.low), self.high))

    def has(self, text: str) -> bool:
        """Whether a text is one of its values."""
        number = whole(text)
        return number is not None and self.low <= number <= self.high


@dataclass(frozen=True)
class Continuous:
    """A choice of a number."""

    name: str
    low: float
    high: float
    scaling: str = "Linear"
    """Linear, Logarithmic or ReverseLogarithmic."""
    size: int | None = None
    """Without limit."""

    def at(self, position: float) -> str:
        """The value at a position between 0 and 1."""
        if self.scaling == "Logarithmic":
            found = math.exp(_between(math.log(self.low), math.log(self.high), position))
        elif self.scaling == "ReverseLogarithmic":
            low, high = math.log(1 - self.high), math.log(1 - self.low)
            found = 1 - math.exp(_between(high, low, position))
        else:
            found = _between(self.low, self.high, position)
        return self.text(found)

    def text(self, number: float) -> str:
        """A number as the text of a value: within the range, whatever was rounded."""
        return repr(min(max(number, self.low), self.high))

    def has(self, text: str) -> bool:
        """Whether a text is one of its values."""
        found = number(text)
        return found is not None and self.low <= found <= self.high


Range = Categorical | Integer | Continuous


def ranges_of(config: Document) -> tuple[Range, ...]:
    """The ranges of a valid HyperParameterTuningJobConfig."""
    given = config.get("ParameterRanges", {})
    return (
        *(_continuous(each) for each in given.get("ContinuousParameterRanges", [])),
        *(_integer(each) for each in given.get("IntegerParameterRanges", [])),
        *(
            Categorical(each["Name"], tuple(each["Values"]))
            for each in given.get("CategoricalParameterRanges", [])
        ),
    )


def combinations(ranges: tuple[Range, ...]) -> int | None:
    """The number of different choices; None if there is no limit."""
    sizes = [each.size for each in ranges if each.size is not None]
    return math.prod(sizes) if len(sizes) == len(ranges) else None


def fits(ranges: tuple[Range, ...], parameters: Mapping[str, str]) -> bool:
    """Whether a choice is within all ranges."""
    return all(each.has(parameters.get(each.name, "")) for each in ranges)


def number(text: str) -> float | None:
    """The finite number that a text is; None if it is none."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def whole(text: str) -> int | None:
    """The whole number that a text is; None if it is none."""
    try:
        return int(text)
    except ValueError:
        return None


def _continuous(given: Document) -> Continuous:
    low, high = float(given["MinValue"]), float(given["MaxValue"])
    scaling = given.get("ScalingType", "Auto")
    if scaling == "Auto":
        scaling = "Logarithmic" if _wide(low, high) else "Linear"
    return Continuous(given["Name"], low, high, scaling)


def _integer(given: Document) -> Integer:
    low, high = int(given["MinValue"]), int(given["MaxValue"])
    scaling = given.get("ScalingType", "Auto")
    logarithmic = scaling == "Logarithmic" or (scaling == "Auto" and _wide(low, high))
    return Integer(given["Name"], low, high, logarithmic)


def _wide(low: float, high: float) -> bool:
    """Whether Auto scales a range logarithmically: AWS does not document when it does."""
    return low > 0 and high / low >= _WIDE


def _between(low: float, high: float, position: float) -> float:
    return low + position * (high - low)
