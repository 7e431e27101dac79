"""Answers of AWS that are asked for once and kept, several at the same time. No Pulumi."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_AT_ONCE = 8


class RememberedAnswers:
    """Answers of AWS; each question is asked once, several at the same time.

    They hold for the life of the process, one operation of the engine. A question must not
    wait for another one.
    """

    def __init__(self) -> None:
        self._answers: dict[Hashable, Future[Any]] = {}
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="question")
        self._lock = threading.Lock()

    def ask(self, key: Hashable, question: Callable[[], Any]) -> Future[Any]:
        """The answer to come; `key` is the question's own, unlike that of any other."""
        with self._lock:
            if key not in self._answers:
                self._answers[key] = self._pool.submit(question)
            return self._answers[key]
