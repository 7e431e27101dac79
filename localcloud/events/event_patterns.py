"""What moto does wrong with the patterns of EventBridge's rules.

moto makes a regular expression of a wildcard pattern, and one that backtracks blocks the whole
server. It also accepts patterns that EventBridge refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PIECE = re.compile(r"((?:[^*\\]|\\.)*)(\*|$)", re.DOTALL)
_WRONG_ESCAPE = re.compile(r"\\(?![*\\])")


def correct() -> None:
    """Gives moto's patterns this module's wildcards, and refuses those that are not valid."""
    from moto.events.exceptions import InvalidEventPatternException
    from moto.events.models import EventPattern, EventPatternParser

    parse = EventPatternParser.parse

    def parse_strictly(parser: Any) -> Any:
        try:
            pattern = parse(parser)
            reason = next((wrong for each in _wildcards(pattern) if (wrong := fault(each))), "")
        except RecursionError:
            reason = "Pattern is nested too deeply"
        if reason:
            raise InvalidEventPatternException(reason=reason)
        return pattern

    EventPatternParser.parse = parse_strictly
    EventPattern._wildcard_match = staticmethod(
        lambda value, pattern: isinstance(value, str) and matches(value, pattern)
    )


def matches(text: str, pattern: str) -> bool:
    """Whether a text matches a wildcard pattern; the time is at most length by length."""
    pieces = [_ESCAPED.sub(r"\1", piece) for piece, _ in _pieces(pattern)]
    if len(pieces) == 1:
        return text == pieces[0]
    first, *middle, last = pieces
    position, end = len(first), len(text) - len(last)
    if position > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def fault(pattern: str) -> str:
    """Why EventBridge does not take a wildcard pattern; empty if it does."""
    if escape := _WRONG_ESCAPE.search(re.sub(r"\\[*\\]", "__", pattern)):
        return f"Invalid escape character at pos {escape.start()}"
    for piece, position in _pieces(pattern)[1:-1]:
        if not piece:
            return f"Consecutive wildcard characters at pos {position}"
    return ""


def _pieces(pattern: str) -> list[tuple[str, int]]:
    """The parts of a pattern between its wildcards, and where each begins."""
    found: list[tuple[str, int]] = []
    position = 0
    while True:
        piece = _PIECE.match(pattern, position)
        if piece is None:  # a backslash is the last character
            return [*found, (pattern[position:], position)]
        found.append((piece[1], position))
        if not piece[2]:
            return found
        position = piece.end()


def _wildcards(pattern: Any) -> Iterator[str]:
    """The wildcard patterns within a rule's pattern."""
    if isinstance(pattern, list):
        for each in pattern:
            yield from _wildcards(each)
    if isinstance(pattern, dict):
        for name, each in pattern.items():
            values = each if isinstance(each, list) else [each]
            if name == "wildcard":
                yield from (value for value in values if isinstance(value, str))
            else:
                yield from _wildcards(each)
