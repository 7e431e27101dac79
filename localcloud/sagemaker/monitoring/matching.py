"""The process in which a job's metrics are looked for in its output.

A regular expression that backtracks holds Python's interpreter until it has finished, which may be
never. In a process of the job's own it holds up that job only, and not longer than a limit. The
process reads JSON lines from its standard input: first the expressions by metric, then lists of
lines of output, each of which it answers with an Answer. It ends with its standard input.
"""

from __future__ import annotations

import json
import math
import re
import resource
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypedDict

SECONDS = 1.0
"""Of a processor's time, for one metric in one piece of output; a usual one takes milliseconds."""
LONGEST_LINE = 8192
"""Characters of a line in which a metric is looked for: the time may grow with their cube."""
_MOST_BYTES = 1 << 30


class Answer(TypedDict):
    """What one piece of output holds."""

    values: list[tuple[str, float]]
    """Each value of each metric."""
    given_up: list[str]
    """Metrics whose expressions are too costly; they are not looked for any more."""


def last_match(line: str, pattern: re.Pattern[str]) -> float | None:
    """A metric's value in one line: the last match that is a number, first group."""
    numbers = (_number(match.group(1)) for match in pattern.finditer(line[:LONGEST_LINE]))
    return next((each for each in reversed(list(numbers)) if each is not None), None)


def _number(text: str | None) -> float | None:
    """A number as the service keeps it, with single precision; None if it is none."""
    try:
        (value,) = struct.unpack("f", struct.pack("f", float(text or "")))
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def answer(texts: Sequence[str], expressions: dict[str, str]) -> Answer:
    """Looks for all metrics; those that are given up are taken out of `expressions`.

    A carriage return ends a line too: progress bars write nothing else.
    """
    lines = [line for text in texts for line in text.split("\r")]
    found: Answer = {"values": [], "given_up": []}
    for name, expression in list(expressions.items()):
        try:
            with _limited():
                pattern = re.compile(expression)  # which keeps what it has compiled
                for line in lines:
                    value = last_match(line, pattern)
                    if value is not None:
                        found["values"].append((name, value))
        except (TimeoutError, MemoryError, RecursionError):
            del expressions[name]
            found["given_up"].append(name)
    return found


@contextmanager
def _limited() -> Iterator[None]:
    """Raises TimeoutError in what takes too much of a processor's time, however busy others are."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _time_out(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    """Answers until the standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGVTALRM, _time_out)
    expressions = json.loads(sys.stdin.readline())
    for request in sys.stdin:
        print(json.dumps(answer(json.loads(request), expressions)), flush=True)


if __name__ == "__main__":
    main()
