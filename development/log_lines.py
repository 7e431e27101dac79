"""The jobs' log lines, from CloudWatch Logs, while they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from operator import itemgetter
from types import TracebackType
from typing import Any, NamedTuple, Self

from botocore.exceptions import BotoCoreError, ClientError

from components.site import TRAINING_LOGS

_PAUSE_SECONDS = 0.5
_MOST_STREAMS = 100
"""How many streams FilterLogEvents takes; a tuning job has one for each instance of each trial."""


class LogLine(NamedTuple):
    """One line that a job wrote."""

    job: str
    host: str
    message: str


def read_lines(logs: Any, streams: str) -> Iterator[LogLine]:
    """Yields all lines of the streams whose names begin so, in the order of their times."""
    names = iter(_streams(logs, streams))
    batches = iter(lambda: list(islice(names, _MOST_STREAMS)), [])
    events = (event for each in batches for event in _events(logs, logStreamNames=each))
    yield from map(_line, sorted(events, key=itemgetter("timestamp")))


class NewLines:
    """The log lines of some jobs since a time; each is returned only once."""

    def __init__(self, logs: Any, since_ms: int, jobs: Container[str]) -> None:
        self._logs = logs
        self._jobs = jobs
        self._since = since_ms
        self._seen: set[str] = set()

    def poll(self) -> Iterator[LogLine]:
        """Yields the lines that came since the last call."""
        for event in _events(self._logs, startTime=self._since):
            if event["eventId"] not in self._seen:
                line = _line(event)
                is_own = line.job in self._jobs
                self._seen.add(event["eventId"])
                # Lines of several instances arrive late and out of order by seconds, not minutes.
                self._since = max(self._since, event["timestamp"] - 60_000)
                if is_own:
                    yield line


class Follower:
    """Passes on the log lines that come while the body runs, from its own thread."""

    def __init__(self, lines: NewLines, on_line: Callable[[LogLine], None]) -> None:
        self._lines = lines
        self._on_line = on_line
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._closed.wait(_PAUSE_SECONDS):
            self._look()
        self._look()  # the last lines

    def _look(self) -> None:
        # After a failed look, the next one gets all lines; the engine reports a cloud that is gone.
        with suppress(BotoCoreError, ClientError):
            for line in self._lines.poll():
                self._on_line(line)


def _streams(logs: Any, prefix: str) -> list[str]:
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix=prefix
    )
    try:
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def _events(logs: Any, **query: Any) -> Sequence[dict[str, Any]]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=TRAINING_LOGS, **query)
    try:
        events = [event for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:  # no job has written anything yet
        return []
    return sorted(events, key=itemgetter("timestamp"))


def _line(event: dict[str, Any]) -> LogLine:
    job, _, stream = event["logStreamName"].partition("/")
    host = stream.rpartition("-")[0] or stream  # algo-1-1732250000 is an instance and a time
    return LogLine(job, host, event["message"].rstrip())
