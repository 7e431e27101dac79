"""The process that searches a job's output for its metrics.

A regular expression that backtracks blocks Python's interpreter until it ends, which may be never.
In a separate process it blocks only its own job, up to a limit. The process gets the number of the
process that starts it, and reads JSON lines from its standard input: first the expressions by
metric, then lists of lines of output. It answers each list with an Answer. It ends with its
standard input, and with the thread that started it.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypedDict

from localcloud.sagemaker.sandbox import linux

SECONDS = 2.0
"""Seconds of processor time for one metric in one piece of output; most need milliseconds."""
LONGEST_LINE = 8192
"""Characters of a line that are searched for a metric: the time may grow with their cube."""
_MOST_BYTES = 1 << 30


class Answer(TypedDict):
    """The metrics in one piece of output."""

    values: list[tuple[str, float]]
    """The values of each metric."""
    given_up: list[str]
    """Metrics whose expressions take too much time; they are not searched for any more."""


def last_match(line: str, pattern: re.Pattern[str]) -> float | None:
    """A metric's value in one line: the last match that is a number, first group."""
    numbers = (_number(match.group(1)) for match in pattern.finditer(line[:LONGEST_LINE]))
    return next((each for each in reversed(list(numbers)) if each is not None), None)


def _number(text: str | None) -> float | None:
    """A number in single precision, as SageMaker keeps it; None if the text is not a number."""
    try:
        (value,) = struct.unpack("f", struct.pack("f", float(text or "")))
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def answer(texts: Sequence[str], expressions: dict[str, str]) -> Answer:
    """Searches for all metrics; those that are given up are removed from `expressions`.

    A carriage return also ends a line, because progress bars write nothing else.
    """
    lines = [line for text in texts for line in text.split("\r")]
    found: Answer = {"values": [], "given_up": []}
    for name, expression in list(expressions.items()):
        try:
            with _limited():
                pattern = re.compile(expression)  # Python caches it
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
    """Raises TimeoutError when the code within has used too much processor time."""
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _time_out(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    """Answers until the standard input ends."""
    # The expression that it is at may go on after the standard input has ended.
    linux.signal_on_parent_death()
    if os.getppid() != int(sys.argv[1]):
        sys.exit("The server has ended.")
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGVTALRM, _time_out)
    expressions = json.loads(sys.stdin.readline())
    for request in sys.stdin:
        print(json.dumps(answer(json.loads(request), expressions)), flush=True)


if __name__ == "__main__":
    main()
