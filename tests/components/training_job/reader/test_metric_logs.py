"""What is read of a log, and how often."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from components.training_job.reader.metric_logs import LATE, MetricLogs
from components.training_job.reader.run_attempts import Attempt, Clients
from tests.tracking.lineages import LINEAGE, at, attempt

LATE_MS = round(LATE.total_seconds() * 1000)
STREAM = f"{LINEAGE}-01234567-1/algo-1-1700000000"


def now_ms() -> int:
    return round(time.time() * 1000)


class Logs:
    """CloudWatch Logs with a few events a page, which counts the events that it returns."""

    class exceptions:  # noqa: N801 - as boto3 names it
        """The client's errors."""

        ResourceNotFoundException = KeyError

    def __init__(self) -> None:
        self.streams: dict[str, list[tuple[int, str]]] = {}
        self.returned: list[int] = []
        """The times of the events that were returned."""

    def say(self, time_ms: int, step: int, stream: str = STREAM) -> None:
        line = json.dumps({"metric": "loss", "step": step, "value": 1 / step})
        self.streams.setdefault(stream, []).append((time_ms, line))

    def get_paginator(self, name: str) -> Any:
        assert name == "describe_log_streams"
        return self

    def paginate(self, *, logStreamNamePrefix: str, **_group: str) -> list[Any]:  # noqa: N803
        named = [name for name in self.streams if name.startswith(logStreamNamePrefix)]
        return [{"logStreams": [{"logStreamName": name} for name in named]}]

    def get_log_events(
        self,
        *,
        logStreamName: str,  # noqa: N803
        startTime: int,  # noqa: N803
        startFromHead: bool,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
        **_group: str,
    ) -> dict[str, Any]:
        assert startFromHead
        events = sorted(each for each in self.streams[logStreamName] if each[0] >= startTime)
        begin = int(nextToken)
        page = events[begin : begin + 3]
        self.returned += [at for at, _ in page]
        shown = [{"timestamp": at, "message": message} for at, message in page]
        return {"events": shown, "nextForwardToken": str(begin + len(page))}

    def new(self) -> list[int]:
        """The times of the events that were returned since the last call."""
        returned, self.returned = self.returned, []
        return returned


class S3:
    """Objects, by their keys."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, *, Key: str, **_bucket: str) -> Any:  # noqa: N803
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Key: str, Body: bytes, **_what: str) -> None:  # noqa: N803
        self.objects[Key] = Body


@pytest.fixture
def logs() -> Logs:
    return Logs()


@pytest.fixture
def reader(logs: Logs) -> MetricLogs:
    return MetricLogs(Clients(None, logs, S3()))


def steps(reader: MetricLogs, of: Attempt) -> list[int | None]:
    return [point.step for point in reader.points_of(of)]


def ended(ago: timedelta) -> Attempt:
    end = {"TrainingJobStatus": "Completed", "TrainingEndTime": datetime.now(UTC) - ago}
    live = attempt(1, 0)
    return replace(live, description={**live.description, **end})


def test_of_a_live_jobs_log_only_what_is_new_is_read_again(logs: Logs, reader: MetricLogs):
    begin = now_ms() - 100 * 60_000
    for minute in range(50):
        logs.say(begin + minute * 60_000, minute + 1)
    assert steps(reader, attempt(1, 0)) == [*range(1, 51)]
    assert len(logs.new()) == 50
    logs.say(begin + 50 * 60_000, 51)
    assert steps(reader, attempt(1, 0)) == [*range(1, 52)]
    newest = begin + 49 * 60_000
    assert logs.new() == [at for at, _ in logs.streams[STREAM] if at >= newest - LATE_MS]


def test_a_line_that_comes_late_and_another_hosts_stream_are_found(logs: Logs, reader: MetricLogs):
    begin = now_ms() - 60 * 60_000
    logs.say(begin, 1)
    logs.say(begin + LATE_MS, 3)
    assert steps(reader, attempt(1, 0)) == [1, 3]
    logs.say(begin + 1000, 2)
    logs.say(begin + LATE_MS + 1, 4, STREAM.replace("1700000000", "1700009999"))
    assert steps(reader, attempt(1, 0)) == [1, 2, 3, 4]


def test_a_host_whose_clock_is_ahead_hides_nothing(logs: Logs, reader: MetricLogs):
    logs.say(now_ms() + 24 * LATE_MS, 2)
    assert steps(reader, attempt(1, 0)) == [2]
    logs.say(now_ms(), 1)
    assert steps(reader, attempt(1, 0)) == [1, 2]


def test_what_is_kept_of_an_ended_job_is_read_as_a_whole_and_then_not_again(
    logs: Logs, reader: MetricLogs
):
    begin = now_ms() - 100 * 60_000
    logs.say(begin + 60 * 60_000, 2)
    assert steps(reader, attempt(1, 0)) == [2]
    logs.say(begin, 1)  # very late
    assert steps(reader, ended(timedelta(seconds=1))) == [2]
    assert steps(reader, ended(2 * LATE)) == [1, 2]
    logs.new()
    assert steps(reader, ended(2 * LATE)) == [1, 2]
    assert logs.new() == []


def test_an_attempt_whose_bucket_was_destroyed_has_the_points_of_its_log_and_nothing_is_said(
    capsys: pytest.CaptureFixture[str],
):
    ended = attempt(1, 0, TrainingJobStatus="Completed", TrainingEndTime=at(60))
    local = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    with mock_aws():
        s3, logs = (boto3.client(name, "us-east-1", **local) for name in ("s3", "logs"))
        assert MetricLogs(Clients(Mock(), logs, s3)).points_of(ended) == []
    assert capsys.readouterr().out == ""
