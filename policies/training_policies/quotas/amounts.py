"""Numbers with their units, as people read them."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum


class Unit(Enum):
    """What a number counts."""

    COUNT = "count"
    SECONDS = "seconds"
    USD = "usd"
    CAPACITY = "capacity"
    """1 for on-demand capacity, 0 for spot only."""


def amount(number: float, unit: Unit) -> str:
    """A number with its unit, such as `2 h 30 min` or `12.50 USD`.

    >>> amount(9000, Unit.SECONDS)
    '2 h 30 min'
    """
    if unit is Unit.USD:
        return f"{number:,.2f} USD" if number >= 1 or number == 0 else f"{number:.4f} USD"
    if unit is Unit.SECONDS:
        return _duration(round(number))
    if unit is Unit.CAPACITY:
        return "on-demand capacity" if number else "spot only"
    return digits(number)


def digits(number: float) -> str:
    """A number in plain digits, without an exponent, to the sixth decimal place.

    >>> digits(1234567.5)
    '1234567.5'
    """
    text = format(Decimal(repr(round(number, 6))), "f")
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _duration(seconds: int) -> str:
    parts = []
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            parts.append(f"{seconds // size} {name}")
            seconds %= size
    return " ".join(parts) or "0 s"
