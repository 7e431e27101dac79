"""The streams of CloudWatch Logs that have the output of training jobs."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

GROUP = "/aws/sagemaker/TrainingJobs"
MOST_EVENTS = 1_000
"""Events that are put at a time. CloudWatch Logs takes 10,000; fewer keep other requests short."""
MOST_BYTES = 1 << 20
"""The bytes that CloudWatch Logs takes at a time."""
EVENT_BYTES = 26
"""What CloudWatch Logs counts for an event, besides its message."""

Event = dict[str, Any]


class LogStream:
    """One stream of the training jobs' log group, created at its first line."""

    def __init__(self, logs: Any, job: str, host: int) -> None:
        self._logs = logs
        self.prefix = f"{job}/algo-{host}-"
        self._name = ""

    def put(self, events: list[Event]) -> None:
        """Appends events, oldest first. Raises the service's error; then none is appended."""
        if not self._name:
            name = f"{self.prefix}{int(time.time())}"
            self._create(name)
            self._name = name
        self._logs.put_log_events(logGroupName=GROUP, logStreamName=self._name, logEvents=events)

    def _create(self, name: str) -> None:
        stream = {"logGroupName": GROUP, "logStreamName": name}
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
