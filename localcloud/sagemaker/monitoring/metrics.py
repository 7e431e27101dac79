"""The metrics that SageMaker reads from a job's output."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring import matching
from localcloud.sagemaker.sandbox.helper_process import sandbox_environment

MOST_WAITING = 4 << 20
"""Characters of output that wait to be read; if there are more, the oldest are not read."""
FINISH_SECONDS = 30.0
"""How long the output of instances that have ended is still read."""
_ATTEMPTS = 3
"""How often the same lines are given to a process that ends before it has answered."""

_log = logging.getLogger(__name__)


class Metrics:
    """The values of a job's metrics on all its instances, which a separate process reads.

    Neither the script nor its log waits for that: a thread passes the output on.
    """

    def __init__(
        self,
        job: str,
        definitions: Iterable[Mapping[str, str]],
        found: Callable[[Sequence[Metric]], None] = lambda _: None,
    ) -> None:
        """`found` gets all values as they come, from another thread, and returns at once."""
        self._job = job
        self._found = found
        self._expressions = {each["Name"]: each["Regex"] for each in definitions}
        self._searched = dict(self._expressions)
        self._last: dict[str, Metric] = {}
        self._new: list[Metric] = []
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Sequence[str], float]] = deque()
        self._size = 0
        self._busy = False
        self._unread = 0
        self._ended = not self._expressions
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name=f"metrics of {job}", daemon=True)
        if self._expressions:
            self._thread.start()

    def __bool__(self) -> bool:
        """Whether any metric is defined."""
        return bool(self._expressions)

    def read(self, lines: Sequence[str], time: float) -> None:
        """Takes lines of output, whose metrics are read soon.

        A metric that takes too much time is given up. A process that ends is started again.
        """
        with self._changed:
            if self._ended:
                return
            self._waiting.append((lines, time))
            self._size += _size(lines)
            while self._size > MOST_WAITING and len(self._waiting) > 1:
                self._unread += len(self._take_oldest()[0])
            self._changed.notify_all()

    def finish(self) -> None:
        """Waits until all lines are read, within a limit."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended or not (self._waiting or self._busy), FINISH_SECONDS
            )

    def take(self) -> list[Metric]:
        """The values since the last call, oldest first."""
        with self._changed:
            new, self._new = self._new, []
        return new

    def final(self) -> tuple[Metric, ...]:
        """The last values, in the order of the definitions."""
        with self._changed:
            return tuple(self._last[name] for name in self._expressions if name in self._last)

    def close(self) -> None:
        """Ends the process; nothing is read any more."""
        with self._changed:
            self._unread += sum(len(lines) for lines, _ in self._waiting)
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

    def _take_oldest(self) -> tuple[Sequence[str], float]:
        lines, time = self._waiting.popleft()
        self._size -= _size(lines)
        return lines, time

    def _run(self) -> None:
        try:
            while (piece := self._next()) is not None:
                self._note(self._answer(piece[0]), piece[1])
        except (OSError, ValueError):
            if not self._ended:
                _log.exception("The metrics of %s are not read any more", self._job)
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            self._end_process()

    def _next(self) -> tuple[Sequence[str], float] | None:
        """The next lines with their time; None at the end."""
        with self._changed:
            self._busy = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._waiting or self._ended)
            if self._ended:
                return None
            self._busy = True
            return self._take_oldest()

    def _note(self, answer: matching.Answer, time: float) -> None:
        values = [Metric(name, value, time) for name, value in answer["values"]]
        with self._changed:
            self._last |= {each.name: each for each in values}
            self._new += values
        if values:
            self._found(values)
        for name in answer["given_up"]:
            del self._searched[name]
            _log.warning(
                "The metric %a of %s is not read any more: its expression %a took more than "
                "%g s of processor time for one piece of output. Make it match less.",
                name,
                self._job,
                self._expressions[name],
                matching.SECONDS,
            )

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
                env=sandbox_environment(),
                text=True,
            )
        _say(process, self._searched)
        return process


def _say(process: subprocess.Popen[str], document: object) -> None:
    assert process.stdin is not None  # noqa: S101 - asked for at its start
    process.stdin.write(json.dumps(document) + "\n")
    process.stdin.flush()


def _size(lines: Sequence[str]) -> int:
    return sum(map(len, lines))
