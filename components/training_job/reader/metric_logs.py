"""The points of an attempt: from its log, and once it has ended from a file beside its model.

Log groups lose their events after a while. So once an attempt has ended, this reader, and not the
job, keeps its points in S3. boto3.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.artifact_layout import METRICS_FILE
from components.site import TRAINING_LOGS
from components.training_job.reader.points import Found, LogEvent, Point, counted, found_in
from components.training_job.reader.run_attempts import (
    DESTROYED,
    Attempt,
    Clients,
    output_uri,
    read_text,
)

LATE = timedelta(minutes=5)
"""How long after its time a line may come; an assumption."""
FoundAttempt = tuple[Attempt, Sequence[Point]]
"""An attempt, with the points that were found in its log."""


class MetricLogs:
    """Reads the points of attempts; of a log that it has read before, only what is new."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._logs: dict[str, _JobLog] = {}
        self._settled: dict[str, list[Point]] = {}
        """The points of the attempts that ended a while ago."""

    def with_points(self, attempts: Iterable[Attempt]) -> list[FoundAttempt]:
        """The attempts, each with its points."""
        return [(attempt, self.points_of(attempt)) for attempt in attempts]

    def points_of(self, attempt: Attempt) -> list[Point]:
        """All points of an attempt, in the order of their times; kept once it has ended."""
        if attempt.arn in self._settled:
            return self._settled[attempt.arn]
        uri = output_uri(attempt, METRICS_FILE)
        kept = None if attempt.is_live else _kept(self._clients.s3, uri)
        if not _is_settled(attempt):
            return self._read(attempt) if kept is None else kept
        self._logs.pop(attempt.arn, None)
        if kept is None:
            # What is kept for good is read as a whole, with lines that came very late.
            kept = _JobLog(attempt).read(self._clients.logs)
            _keep(self._clients.s3, uri, kept)
        self._settled[attempt.arn] = kept
        return kept

    def _read(self, attempt: Attempt) -> list[Point]:
        return self._logs.setdefault(attempt.arn, _JobLog(attempt)).read(self._clients.logs)


def _is_settled(attempt: Attempt) -> bool:
    return attempt.ended is not None and attempt.ended < datetime.now(UTC) - LATE


class _JobLog:
    """The log of a job. It is read on from where it was read before, and LATE before that."""

    def __init__(self, attempt: Attempt) -> None:
        self._job = attempt.name
        self._expressions = attempt.expressions
        self._found: dict[str, list[Found]] = {}
        self._read_to: dict[str, int] = {}
        """The newest time in each stream, in milliseconds since 1970."""

    def read(self, logs: Any) -> list[Point]:
        """All points that it has now, in the order of their times."""
        for stream in _streams_of(logs, self._job):
            begin = max(0, self._read_to.get(stream, 0) - round(LATE.total_seconds() * 1000))
            events = list(_events_of(logs, stream, begin))
            earlier = (each for each in self._found.get(stream, ()) if each.point.time_ms < begin)
            self._found[stream] = [*earlier, *found_in(events, self._expressions)]
            newest = max((event.time_ms for event in events), default=0)
            # A host whose clock is ahead must not hide what comes next.
            now = round(time.time() * 1000)
            self._read_to[stream] = max(self._read_to.get(stream, 0), min(newest, now))
        return counted(each for found in self._found.values() for each in found)


def _streams_of(logs: Any, job: str) -> list[str]:
    """The streams of a job's log, one or more for each host; none where there is no log yet."""
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{job}/"
    )
    try:
        return [each["logStreamName"] for page in pages for each in page["logStreams"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def _events_of(logs: Any, stream: str, begin: int) -> Iterator[LogEvent]:
    """The events of a stream from a time on. The last page has the token it was asked with."""
    host = stream.partition("/")[2].rpartition("-")[0] or stream
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(
            logGroupName=TRAINING_LOGS,
            logStreamName=stream,
            startTime=begin,
            startFromHead=True,
            **token,
        )
        for event in page["events"]:
            yield LogEvent(host, event["timestamp"], event["message"])
        after = {"nextToken": page["nextForwardToken"]}
        if after == token:
            return
        token = after


def _kept(s3: Any, uri: str) -> list[Point] | None:
    """The points that are kept; None where there are none yet."""
    text = read_text(s3, uri)
    return None if text is None else [Point(**json.loads(line)) for line in text.splitlines()]


def _keep(s3: Any, uri: str, points: list[Point]) -> None:
    """Keeps the points; a reader that may not write only reads the log again the next time."""
    bucket, key = s3_location(uri)
    body = "".join(json.dumps(asdict(point)) + "\n" for point in points).encode()
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/jsonl")
    except (BotoCoreError, ClientError) as error:
        if getattr(error, "response", {}).get("Error", {}).get("Code") != DESTROYED:
            print(f"{uri} can't be written, so the points are only in the log: {error}")
