"""Numbers, durations and amounts in words. Pure functions."""

from __future__ import annotations

import math

_LONG_NUMBER = 8


def number(value: float) -> str:
    """A number with four digits that count: 0.1234, 12,340, 1.2e-05.

    >>> number(0.000012), number(1234567), number(0.5)
    ('1.2e-05', '1.235e+06', '0.5')
    """
    if value == 0:
        return "0"
    if abs(value) < 1e-3 or abs(value) >= 1e6:
        return f"{value:.4g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(amount: int, noun: str) -> str:
    """An amount with its noun.

    >>> counted(0, "attempt"), counted(1, "attempt"), counted(2, "attempt")
    ('no attempts', '1 attempt', '2 attempts')
    """
    return f"{amount or 'no'} {noun}{'' if amount == 1 else 's'}"


def short_value(text: str) -> str:
    """A value as it was chosen, without the last digits of a long number.

    >>> short_value("0.0008264087364943647"), short_value("adamw"), short_value("128")
    ('0.0008264', 'adamw', '128')
    """
    try:
        value = float(text)
    except ValueError:
        return text
    return number(value) if math.isfinite(value) and len(text) > _LONG_NUMBER else text


def time_taken(seconds: float) -> str:
    """A duration in its two largest units: 2 h 05 min.

    >>> time_taken(7500), time_taken(83), time_taken(0.4)
    ('2 h 05 min', '1 min 23 s', '0.4 s')
    """
    if 0 < seconds < 1:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours:02} h"
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def dollars(amount: float) -> str:
    """An amount in USD, with more digits where it is small; the smallest is not zero.

    >>> dollars(1234.5), dollars(12.345), dollars(0.00123), dollars(0.00002)
    ('1,234 USD', '12.35 USD', '0.0012 USD', 'under 0.0001 USD')
    """
    if 0 < amount < 0.0001:
        return "under 0.0001 USD"
    digits = 0 if amount >= 1000 else 2 if amount >= 1 or amount == 0 else 4
    return f"{amount:,.{digits}f} USD"


def share(part: float) -> str:
    """A share of simulated runs in percent; as if one more might end in another way.

    >>> share(0.934), share(0.99999), share(1.0)
    ('93 %', '99.9 %', 'more than 99.9 %')
    """
    if part in (0, 1):
        return "more than 99.9 %" if part else "less than 0.1 %"
    percent = min(max(100 * part, 0.1), 99.9)
    return f"{percent:.1f} %" if percent < 1 or percent > 99 else f"{percent:.0f} %"
