"""Sends an instance's output to CloudWatch Logs while it comes."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

GROUP = "/aws/sagemaker/TrainingJobs"
_READ_BYTES = 1 << 16
_LONGEST_EVENT = 200_000
_MOST_EVENTS = 1_000
_INTERVAL_SECONDS = 0.2

ReadLines = Callable[[Sequence[str], float], None]
"""Takes lines of output, and their time in epoch seconds."""

_log = logging.getLogger(__name__)


class LogStream:
    """One stream of the training jobs' log group, created at its first line."""

    def __init__(self, logs: Any, job: str, host: int) -> None:
        self._logs = logs
        self._prefix = f"{job}/algo-{host}-"
        self._name = ""

    def put(self, events: list[dict[str, Any]]) -> None:
        """Appends events, oldest first."""
        if not self._name:
            self._name = f"{self._prefix}{int(time.time())}"
            self._create()
        for start in range(0, len(events), _MOST_EVENTS):
            self._logs.put_log_events(
                logGroupName=GROUP,
                logStreamName=self._name,
                logEvents=events[start : start + _MOST_EVENTS],
            )

    def _create(self) -> None:
        stream = {"logGroupName": GROUP, "logStreamName": self._name}
        # It exists if the job starts again within the second of the stream's name.
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            try:
                self._logs.create_log_stream(**stream)
            except self._logs.exceptions.ResourceNotFoundException:
                self._create_group()
                self._logs.create_log_stream(**stream)

    def _create_group(self) -> None:
        # Another host may have created it.
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_group(logGroupName=GROUP)


class Pump:
    """Sends a pipe's lines to a stream until the last writer closes the pipe.

    Lines are collected for a fraction of a second, then sent together; `read_lines` gets them at
    once.
    """

    def __init__(self, pipe: int, stream: LogStream, read_lines: ReadLines) -> None:
        self._pipe = pipe
        self._stream = stream
        self._read_lines = read_lines
        self._rest = b""
        self._events: list[dict[str, Any]] = []
        self._due = 0.0

    def run(self) -> None:
        """Reads to the end."""
        finished = False
        while not finished:
            wait = max(0.0, self._due - time.monotonic()) if self._events else None
            if select.select([self._pipe], [], [], wait)[0]:
                data = os.read(self._pipe, _READ_BYTES)
                finished = not data
                self._take(data)
            if finished or len(self._events) >= _MOST_EVENTS or time.monotonic() >= self._due:
                self._send()

    def _take(self, data: bytes) -> None:
        """Makes events of complete lines; at the end, or if it is too long, also of the rest."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data or len(self._rest) > _LONGEST_EVENT:
            lines.append(self._rest)
            self._rest = b""
        if not self._events:
            self._due = time.monotonic() + _INTERVAL_SECONDS
        now = time.time()
        texts = [line.decode(errors="replace").rstrip("\r")[:_LONGEST_EVENT] for line in lines]
        messages = [text for text in texts if text]  # CloudWatch Logs refuses empty ones
        self._events += [{"timestamp": int(now * 1000), "message": each} for each in messages]
        self._read_lines(messages, now)

    def _send(self) -> None:
        events, self._events = self._events, []
        if not events:
            return
        try:
            self._stream.put(events)
        except (BotoCoreError, ClientError):
            # Reading goes on: a script must not hang because its output can't be sent.
            _log.exception("Output of a training job was lost")
