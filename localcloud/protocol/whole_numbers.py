"""Numbers that clients send as text."""

from __future__ import annotations

_MOST_DIGITS = 18
"""More digits than any count, size or time of a service has."""


def is_whole_number(text: str) -> bool:
    """Whether a text is a whole number without a sign, and not absurdly large."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
