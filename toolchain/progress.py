"""Shows what the steps of the set-up do and how far they are."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TextIO

from toolchain.runner import StoppedError

_REPAINT_SECONDS = 0.2
_REPEAT_SECONDS = 15.0
_WIDTH = 110


@dataclass
class Step:
    """One step, as the user sees it."""

    name: str
    started: float = field(default_factory=time.monotonic)
    detail: str = ""
    outcome: str = ""
    ended: float | None = None

    def say(self, detail: str) -> None:
        """Shows what the step does now."""
        self.detail = " ".join(detail.split())

    def line(self) -> str:
        """The step's state in one line: name, elapsed time, what it does or how it ended."""
        seconds = int((self.ended or time.monotonic()) - self.started)
        text = f"{self.name:<24} {seconds // 60}:{seconds % 60:02}  {self.outcome or self.detail}"
        return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


class Progress:
    """Several steps at once: redrawn in place on a terminal, otherwise a line now and then.

    It uses standard error by default, because the standard output of some commands is a document.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"
        self._steps: list[Step] = []
        self._painted = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._painter = threading.Thread(target=self._repeat, daemon=True)

    def __enter__(self) -> Self:
        self._painter.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._painter.join()
        if self._terminal:
            self._paint()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Shows a step while the body runs, and how it ended."""
        step = Step(name)
        with self._lock:
            self._steps.append(step)
        try:
            yield step
        except (StoppedError, KeyboardInterrupt):
            step.outcome = "stopped"
            raise
        except BaseException:
            step.outcome = "failed"
            raise
        else:
            step.outcome = "done"
        finally:
            step.ended = time.monotonic()
            if not self._terminal:
                self._print(step)

    def _repeat(self) -> None:
        pause = _REPAINT_SECONDS if self._terminal else _REPEAT_SECONDS
        while not self._closed.wait(pause):
            if self._terminal:
                self._paint()
            else:
                for step in [each for each in self._steps if each.ended is None]:
                    self._print(step)

    def _paint(self) -> None:
        with self._lock:
            up = f"\x1b[{self._painted}F" if self._painted else ""
            lines = "".join(f"\x1b[2K  {step.line()}\n" for step in self._steps)
            self._stream.write(up + lines)
            self._stream.flush()
            self._painted = len(self._steps)

    def _print(self, step: Step) -> None:
        with self._lock:
            self._stream.write(f"  {step.line()}\n")
            self._stream.flush()
