from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from components.site import TRAINING_LOGS
from development.log_lines import LogLine, NewLines, read_lines

JOB = "vision-dev-digits-0123abcd-1"


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    with mock_aws():
        yield boto3.client("logs", region_name="us-east-1")


@pytest.fixture
def group(logs: Any) -> None:
    logs.create_log_group(logGroupName=TRAINING_LOGS)


def write(logs: Any, job: str, host: str, *lines: tuple[int, str]) -> None:
    stream = {"logGroupName": TRAINING_LOGS, "logStreamName": f"{job}/{host}-1732250000"}
    if not logs.describe_log_streams(
        logGroupName=TRAINING_LOGS, logStreamNamePrefix=stream["logStreamName"]
    )["logStreams"]:
        logs.create_log_stream(**stream)
    events = [{"timestamp": time, "message": message} for time, message in lines]
    logs.put_log_events(**stream, logEvents=events)


@pytest.fixture
def now() -> int:
    import time

    return int(time.time() * 1000)


@pytest.mark.usefixtures("group")
def test_a_jobs_lines_come_in_the_order_of_time_over_its_instances(logs: Any, now: int):
    write(logs, JOB, "algo-1", (now, "first"), (now + 2, "third\n"))
    write(logs, JOB, "algo-2", (now + 1, "second"))
    assert list(read_lines(logs, f"{JOB}/")) == [
        LogLine(JOB, "algo-1", "first"),
        LogLine(JOB, "algo-2", "second"),
        LogLine(JOB, "algo-1", "third"),
    ]


@pytest.mark.usefixtures("group")
def test_the_lines_of_more_streams_than_a_call_takes_come_in_the_order_of_time(
    logs: Any, now: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("development.log_lines._MOST_STREAMS", 2)
    for number in range(5):
        write(logs, f"{JOB}-{number:03}", "algo-1", (now - number, f"{number}"))
    assert [each.message for each in read_lines(logs, f"{JOB}-")] == ["4", "3", "2", "1", "0"]


@pytest.mark.usefixtures("group")
def test_another_jobs_lines_are_left_out(logs: Any, now: int):
    write(logs, JOB, "algo-1", (now, "mine"))
    write(logs, f"{JOB}0", "algo-1", (now, "another's"))
    assert [line.message for line in read_lines(logs, f"{JOB}/")] == ["mine"]


@pytest.mark.usefixtures("group")
def test_each_new_line_is_printed_once(logs: Any, now: int):
    lines = NewLines(logs, now, {JOB})
    write(logs, JOB, "algo-1", (now - 5, "before"), (now + 1, "one"))
    assert [line.message for line in lines.poll()] == ["one"]
    write(logs, JOB, "algo-1", (now + 2, "two"))
    assert [line.message for line in lines.poll()] == ["two"]
    assert list(lines.poll()) == []


@pytest.mark.usefixtures("group")
def test_new_lines_of_the_jobs_of_other_stacks_are_left_out(logs: Any, now: int):
    lines = NewLines(logs, now, {JOB})
    write(logs, "weekly-dev-line-0123abcd-1", "algo-1", (now + 1, "another's"))
    write(logs, JOB, "algo-1", (now + 2, "mine"))
    assert [line.message for line in lines.poll()] == ["mine"]


@pytest.mark.usefixtures("group")
def test_a_line_whose_job_could_not_be_looked_up_comes_with_the_next_look(logs: Any, now: int):
    class Jobs(set[str]):
        fails = True

        def __contains__(self, name: object) -> bool:
            if self.fails:
                raise ConnectionError
            return super().__contains__(name)

    jobs = Jobs({JOB})
    lines = NewLines(logs, now, jobs)
    write(logs, JOB, "algo-1", (now + 1, "one"))
    with pytest.raises(ConnectionError):
        list(lines.poll())
    jobs.fails = False
    assert [line.message for line in lines.poll()] == ["one"]


@pytest.mark.usefixtures("group")
def test_a_line_that_arrives_late_is_not_missed(logs: Any, now: int):
    lines = NewLines(logs, now, {JOB})
    write(logs, JOB, "algo-1", (now + 5000, "on time"))
    list(lines.poll())
    write(logs, JOB, "algo-2", (now + 1000, "late"))
    assert [line.message for line in lines.poll()] == ["late"]


def test_before_the_first_job_there_are_no_lines(logs: Any, now: int):
    assert list(read_lines(logs, f"{JOB}/")) == []
    assert list(NewLines(logs, now, {JOB}).poll()) == []
