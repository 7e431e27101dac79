"""Where the statements of a policy are in its text, as IAM's simulator reports it.

Lines and columns begin with 1. A statement begins where the one before it ends, or the list; a
single statement begins after its brace. IAM documents only an example; the rest is as IAM answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[\s,:]*")


@dataclass(frozen=True)
class Span:
    """The place of a statement."""

    start: tuple[int, int]
    """Line and column."""
    end: tuple[int, int]
    """Line and column after its last character."""


def statement_spans(text: str) -> list[Span]:
    """The places of all statements of a policy that is a valid document."""
    return [Span(_place(text, start), _place(text, end)) for start, end in _offsets(text)]


def _offsets(text: str) -> Iterator[tuple[int, int]]:
    """Begin and end of each statement, as numbers of characters."""
    begin = _value_of_statement(text)
    if begin is None:
        return
    if text[begin] == "{":
        yield begin + 1, _DECODER.raw_decode(text, begin)[1]
        return
    end = begin + 1
    while text[following := _skip(text, end)] != "]":
        begin, end = end, _DECODER.raw_decode(text, following)[1]
        yield begin, end


def _value_of_statement(text: str) -> int | None:
    """Where the value of the last member Statement begins; None without one."""
    found, at = None, _skip(text, text.index("{") + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if name == "Statement":
            found = at
        at = _skip(text, _DECODER.raw_decode(text, at)[1])
    return found


def _skip(text: str, at: int) -> int:
    """The next character that is neither space nor a comma or colon."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _place(text: str, at: int) -> tuple[int, int]:
    line_begin = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, at - line_begin + 1
