"""Durations as people write them (`90s`, `30m`, `2h`, `1h30m`, `2d`), in whole seconds."""

from __future__ import annotations

import re
from typing import Any

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
LEAST_BARE_NUMBER = 60
"""The smallest number of seconds that needs no unit.

A smaller one was hardly meant in seconds: who writes 20 means minutes or hours. So it is refused
in the settings, where 20s is accepted.
"""
TEXT_PATTERN = r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"
_DURATION = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def parse_duration(value: Any) -> int:
    """The number of seconds in `value`, a number of seconds or a text such as `1h30m`.

    Raises:
        ValueError: the value is neither.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is not a duration: write seconds, or days, hours, minutes as in 1h30m")
    return sum(
        int(count) * unit for count, unit in zip(match.groups("0"), _UNITS.values(), strict=True)
    )


def format_duration(seconds: float) -> str:
    """The shortest way to write a number of seconds, rounded to a second.

    >>> format_duration(5400)
    '1h30m'
    """
    remaining, parts = round(seconds), []
    for unit, size in _UNITS.items():
        count, remaining = divmod(remaining, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
