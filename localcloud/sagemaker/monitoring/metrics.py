"""The search for a job's metrics in its output."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring import matching
from localcloud.sagemaker.sandbox import helper_process

MOST_WAITING = 4 << 20
"""Characters of output that wait to be read; if there are more, the oldest are not read."""
FINISH_SECONDS = 30.0
"""How long the output of instances that have ended is still read."""
_ATTEMPTS = 3
"""How often the same lines are given to a process that ends before it has answered."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """What was found in a piece of a host's output."""

    host: int
    """Its number; 0 for the end of the search."""
    end: int
    """The position in the output after the piece."""
    values: tuple[Metric, ...] = ()
    given_up: tuple[str, ...] = ()
    """Metrics whose expressions take too much time; they are not searched for any more."""


@dataclass(frozen=True)
class _Piece:
    host: int
    end: int
    lines: Sequence[str]
    time: float

    @property
    def size(self) -> int:
        return sum(map(len, self.lines))


class Metrics:
    """The search for metrics in the output of all instances, which a separate process does.

    Neither the script nor its log waits for that: a thread passes the output on.
    """

    def __init__(
        self,
        job: str,
        expressions: Mapping[str, str],
        found: Callable[[Found], None],
        positions: Mapping[int, int] | None = None,
    ) -> None:
        """`expressions` are by metric; `positions` are those from which each host's output is new.

        `found` gets what is found in each piece, one after the other, from another thread.
        """
        self._job = job
        self._report = found
        self._searched = dict(expressions)
        self._positions = dict(positions or {})
        self._changed = threading.Condition()
        self._waiting: deque[_Piece] = deque()
        self._size = 0
        self._busy = False
        self._unread = 0
        self._finish_by = float("inf")
        self._ended = not self._searched
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"metrics of {job}", daemon=True)
        if self._searched:
            self._thread.start()

    def read(self, host: int, lines: Sequence[str], end: int, when: float) -> None:
        """Takes lines of a host's output, in which metrics are searched soon.

        `end` is the position after them, `when` their time. A metric that takes too much time is
        given up. A process that ends is started again.
        """
        piece = _Piece(host, end, lines, when)
        dropped = []
        with self._changed:
            if self._ended:
                return
            self._waiting.append(piece)
            self._size += piece.size
            while self._size > MOST_WAITING and len(self._waiting) > 1:
                dropped.append(self._take_oldest())
            self._changed.notify_all()
        for each in dropped:
            self._unread += len(each.lines)
            self._pass(Found(each.host, each.end))

    def position(self, host: int) -> int:
        """The position in a host's output up to which it need not be read again."""
        with self._changed:
            return sys.maxsize if self._ended else self._positions.get(host, 0)

    def finish(self) -> None:
        """Waits until all lines are read, within a limit, which begins with the first call."""
        now = time.monotonic()
        self._finish_by = min(self._finish_by, now + FINISH_SECONDS)
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or not (self._waiting or self._busy), self._finish_by - now
            )

    def close(self) -> None:
        """Ends the process; nothing is read any more."""
        with self._changed:
            self._unread += sum(len(piece.lines) for piece in self._waiting)
            self._waiting.clear()
            self._ended = True
            self._changed.notify_all()
            if self._process is not None:
                self._process.kill()  # it has nothing to save
        if self._thread.ident is not None:
            self._thread.join()
        if self._unread:
            _log.warning(
                "%d lines of %s were not searched for metrics, because its expressions take too "
                "much time. Make them match less.",
                self._unread,
                self._job,
            )

    def _take_oldest(self) -> _Piece:
        piece = self._waiting.popleft()
        self._size -= piece.size
        return piece

    def _run(self) -> None:
        try:
            while (piece := self._next()) is not None:
                self._note(self._answer(piece.lines), piece)
        except (OSError, ValueError):
            if not self._ended:
                _log.exception("The metrics of %s are not read any more", self._job)
                self._report(Found(0, 0, given_up=tuple(self._searched)))
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            self._end_process()

    def _next(self) -> _Piece | None:
        """The next lines; None at the end."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._ended:
                return None
            self._busy = True
            return self._take_oldest()

    def _note(self, answer: matching.Answer, piece: _Piece) -> None:
        for name in answer["given_up"]:
            _log.warning(
                "The metric %a of %s is not read any more: its expression %a took more than "
                "%g s of processor time for one piece of output. Make it match less.",
                name,
                self._job,
                self._searched.pop(name),
                matching.SECONDS,
            )
        values = tuple(Metric(name, value, piece.time) for name, value in answer["values"])
        self._pass(Found(piece.host, piece.end, values, tuple(answer["given_up"])))

    def _pass(self, found: Found) -> None:
        """Reports what was found; only then its output is not needed any more."""
        self._report(found)
        with self._changed:
            # Later pieces may have been dropped earlier.
            self._positions[found.host] = max(found.end, self._positions.get(found.host, 0))

    def _answer(self, lines: Sequence[str]) -> matching.Answer:
        """The metrics in some lines.

        A process that ends, because someone or the machine's lack of memory has killed it, is
        started again. Raises OSError or ValueError if it ends at these lines again and again.
        """
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._ask(lines)
            except (OSError, ValueError):
                if self._ended:
                    raise
                _log.warning(
                    "The search for the metrics of %s has ended, and begins again", self._job
                )
                self._end_process()
        return self._ask(lines)

    def _end_process(self) -> None:
        with self._changed:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _ask(self, lines: Sequence[str]) -> matching.Answer:
        process = self._started()
        _say(process, lines)
        assert process.stdout is not None  # noqa: S101 - asked for at its start
        answer: matching.Answer = json.loads(process.stdout.readline())
        return answer

    def _started(self) -> subprocess.Popen[str]:
        """The process, which begins with the first lines.

        It ends with this thread, also when the server is killed.
        """
        with self._changed:
            if self._ended:
                raise OSError("The job has ended")
            if self._process is not None:
                return self._process
            self._process = process = subprocess.Popen(
                # -S: no site packages, so the process starts fast.
                [sys.executable, "-S", "-m", matching.__name__, str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=helper_process.environment(),
                text=True,
            )
        _say(process, self._searched)
        return process


def _say(process: subprocess.Popen[str], document: object) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for at its start
    process.stdin.write(json.dumps(document) + "\n")
    process.stdin.flush()
