"""Evaluates JSONata in processes of its own, for the executions of state machines."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

from localcloud.events import expressions

_MOST_IDLE = 4


class EvaluationError(Exception):
    """An expression has no value; the message says why."""


class Evaluator:
    """Evaluates expressions, several at a time, each in one of its processes."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[str]] = []
        self._lock = threading.Lock()

    def evaluate(self, expression: str) -> Any:
        """The value of an expression. Raises EvaluationError if it has none."""
        process = self._take()
        try:
            answer = _ask(process, expression)
        except (OSError, ValueError) as error:
            _end(process)
            raise EvaluationError("The expression takes too much time or memory") from error
        self._give_back(process)
        if answer["error"]:
            raise EvaluationError(answer["error"])
        return answer["value"]

    def _take(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return subprocess.Popen(
            [sys.executable, "-m", expressions.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _give_back(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(process)
                return
        _end(process)

    def close(self) -> None:
        """Ends the processes that wait; without this they end with the server."""
        with self._lock:
            while self._idle:
                _end(self._idle.pop())


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()  # it has nothing to save
    process.communicate()


def _ask(process: subprocess.Popen[str], expression: str) -> expressions.Answer:
    assert process.stdin is not None  # noqa: S101 - asked for at its start
    assert process.stdout is not None  # noqa: S101 - asked for at its start
    process.stdin.write(json.dumps(expression) + "\n")
    process.stdin.flush()
    answer: expressions.Answer = json.loads(process.stdout.readline())
    return answer
