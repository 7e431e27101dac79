"""The points of an attempt: from its log, and once it has ended from a file beside its model.

Log groups lose their events after a while. So once an attempt has ended, this reader, and not the
job, keeps its points in S3. boto3.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.arns import s3_location
from components.artifact_layout import METRICS_FILE
from components.site import TRAINING_LOGS
from components.training_job.reader.points import LogEvent, Point, points_in
from components.training_job.reader.run_attempts import Attempt, Clients, output_uri

LATE = timedelta(minutes=5)
"""How long after the end of a job its last lines may come; an assumption."""
_MISSING = ("NoSuchKey", "404")


def points_of(clients: Clients, attempt: Attempt) -> list[Point]:
    """All points of an attempt, in the order of their times; kept once it has ended."""
    uri = output_uri(attempt, METRICS_FILE)
    kept = None if attempt.is_live else _kept(clients.s3, uri)
    if kept is not None:
        return kept
    points = points_in(log_events(clients.logs, attempt.name), attempt.expressions)
    if attempt.ended is not None and attempt.ended < datetime.now(UTC) - LATE:
        _keep(clients.s3, uri, points)
    return points


def log_events(logs: Any, job: str) -> Iterator[LogEvent]:
    """All lines of a job, stream after stream."""
    pages = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix=f"{job}/"
    )
    try:
        streams = [each["logStreamName"] for page in pages for each in page["logStreams"]]
    except logs.exceptions.ResourceNotFoundException:
        return
    for stream in streams:
        host = stream.partition("/")[2].rpartition("-")[0] or stream
        yield from (
            LogEvent(host, event["timestamp"], event["message"])
            for event in _events_of(logs, stream)
        )


def _events_of(logs: Any, stream: str) -> Iterator[dict[str, Any]]:
    """All events of a stream. The last page has the token that it was asked with."""
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(
            logGroupName=TRAINING_LOGS, logStreamName=stream, startFromHead=True, **token
        )
        yield from page["events"]
        after = {"nextToken": page["nextForwardToken"]}
        if after == token:
            return
        token = after


def _kept(s3: Any, uri: str) -> list[Point] | None:
    """The points that are kept; None where there are none yet."""
    bucket, key = s3_location(uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        return None
    return [Point(**json.loads(line)) for line in body.decode().splitlines()]


def _keep(s3: Any, uri: str, points: list[Point]) -> None:
    """Keeps the points; a reader that may not write only reads the log again the next time."""
    bucket, key = s3_location(uri)
    body = "".join(json.dumps(asdict(point)) + "\n" for point in points).encode()
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/jsonl")
    except (BotoCoreError, ClientError) as error:
        print(f"{uri} can't be written, so the points are only in the log: {error}")
