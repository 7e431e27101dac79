"""Numbers that clients send as text."""

from __future__ import annotations

_MOST_DIGITS = 18
"""More than any count, size or time has that a service takes."""


def is_whole_number(text: str) -> bool:
    """Whether a text is a number without a sign that is not absurdly large."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
