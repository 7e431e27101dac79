"""The process that evaluates JSONata.

An expression may run without end, or use all memory. In a separate process it costs only its own
execution. The process reads JSON lines from its standard input, each an expression, and answers
each with an Answer. It ends with its standard input.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from typing import Any, TypedDict

SECONDS = 2.0
"""Seconds of processor time for one expression; most need milliseconds."""
_MOST_SECONDS = 60
"""Seconds by the clock after which the process ends, if the expression can't be interrupted."""
_MOST_BYTES = 1 << 30


class Answer(TypedDict):
    """The value of an expression, or why it has none."""

    value: Any
    error: str


def answer(expression: str) -> Answer:
    """Evaluates an expression within the limit."""
    from jsonata import Jsonata  # type: ignore[import-untyped]

    signal.alarm(_MOST_SECONDS)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        # Through JSON, because the engine's own list types have no other form.
        value = json.loads(json.dumps(Jsonata(expression).evaluate(None)))
    except TimeoutError:
        return {"value": None, "error": "Expression evaluation timeout: Check for infinite loop"}
    except RecursionError:
        error = "Stack overflow error: Check for non-terminating recursive function"
        return {"value": None, "error": error}
    except Exception as error:
        return {"value": None, "error": str(error) or repr(error)}
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.alarm(0)
    return {"value": value, "error": ""}


def _time_out(*_: object) -> None:
    raise TimeoutError


def main() -> None:
    """Answers until the standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    signal.signal(signal.SIGVTALRM, _time_out)
    for request in sys.stdin:
        print(json.dumps(answer(json.loads(request))), flush=True)


if __name__ == "__main__":
    main()
