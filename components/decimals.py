"""Numbers as text, without rounding."""

from __future__ import annotations

import math
from decimal import Decimal

MOST_EXACT = 2**53 - 1
"""The largest number up to which a 64-bit float has every whole number, as in Pulumi's protocol."""


def decimal_text(number: float) -> str:
    """A number in plain digits, as 1000000 or 12345.67: never rounded, never with an exponent.

    Raises:
        ValueError: the number is infinite or not a number.
    """
    if not math.isfinite(number):
        raise ValueError(f"{number} can't be written in digits")
    text = format(_decimal(number), "f")
    return text.rstrip("0").removesuffix(".") if "." in text else text


def decimal_places(number: float) -> int:
    """How many digits a finite number has after its decimal point."""
    return len(decimal_text(number).partition(".")[2])


def _decimal(number: float) -> Decimal:
    """The shortest decimal number that Python reads as this float: the one that a person wrote."""
    return Decimal(repr(number))
