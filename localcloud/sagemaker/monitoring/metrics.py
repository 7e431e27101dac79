"""The metrics that SageMaker reads from a job's output."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence

from localcloud.sagemaker.jobs.records import Metric
from localcloud.sagemaker.monitoring import matching
from localcloud.sagemaker.sandbox.helper_process import sandbox_environment

_log = logging.getLogger(__name__)


class Metrics:
    """The values of a job's metrics on all its instances, which a separate process reads."""

    def __init__(self, job: str, definitions: Iterable[Mapping[str, str]]) -> None:
        self._job = job
        self._expressions = {each["Name"]: each["Regex"] for each in definitions}
        self._last: dict[str, Metric] = {}
        self._new: list[Metric] = []
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._ended = not self._expressions

    def __bool__(self) -> bool:
        """Whether any metric is defined."""
        return bool(self._expressions)

    def read(self, lines: Sequence[str], time: float) -> None:
        """Reads the metrics in lines of output.

        A metric that takes too much time is given up; if the process ends, all are.
        """
        with self._lock:
            if self._ended or not lines:
                return
            try:
                answer = self._ask(lines)
            except (OSError, ValueError):
                self._ended = True
                _log.exception("The metrics of %s are not read any more", self._job)
                return
            for name, value in answer["values"]:
                self._last[name] = Metric(name, value, time)
                self._new.append(self._last[name])
            for name in answer["given_up"]:
                _log.warning(
                    "The metric %a of %s is not read any more: its expression %a took more than "
                    "%g s of processor time for one piece of output. Make it match less.",
                    name,
                    self._job,
                    self._expressions[name],
                    matching.SECONDS,
                )

    def _ask(self, lines: Sequence[str]) -> matching.Answer:
        if self._process is None:
            self._process = subprocess.Popen(
                # -S: no site packages, so the process starts fast.
                [sys.executable, "-S", "-m", matching.__name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=sandbox_environment(),
                text=True,
            )
            self._say(self._expressions)
        self._say(lines)
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        answer: matching.Answer = json.loads(self._process.stdout.readline())
        return answer

    def _say(self, document: object) -> None:
        assert self._process is not None  # noqa: S101 - started before
        assert self._process.stdin is not None  # noqa: S101 - asked for at its start
        self._process.stdin.write(json.dumps(document) + "\n")
        self._process.stdin.flush()

    def take(self) -> list[Metric]:
        """The values since the last call, oldest first."""
        with self._lock:
            new, self._new = self._new, []
        return new

    def final(self) -> tuple[Metric, ...]:
        """The last values, in the order of the definitions."""
        with self._lock:
            return tuple(self._last[name] for name in self._expressions if name in self._last)

    def close(self) -> None:
        """Ends the process; nothing is read any more."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.kill()  # it has nothing to save
                self._process.communicate()
