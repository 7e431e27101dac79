"""The cost of a job's metrics affects only this job."""

from __future__ import annotations

import http.client
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from localcloud.sagemaker.monitoring.matching import LONGEST_LINE, last_match
from localcloud.sagemaker.monitoring.metric_values import MetricValues
from localcloud.sagemaker.monitoring.metrics import Metrics
from localcloud.server import daemon
from tests.localcloud.cloud import GO_ON, Cloud, agents, children, command, eventually, refusal

PROGRESS = r"epoch.*loss: ([0-9.]+).*accuracy: ([0-9.]+)"
COSTLY = r"(a+)+$"
MOST_SECONDS = 30
"""After which a client gives up; an answer takes a thousandth of it."""


def metric(name: str, expression: str) -> dict[str, str]:
    return {"Name": name, "Regex": expression}


class Search(Metrics):
    """A search in the output of one host, with the values that it finds."""

    def __init__(self, *definitions: dict[str, str]) -> None:
        self.values = MetricValues(definitions)
        super().__init__("a-job", self.values.searched, self.values.add)

    def look(self, lines: list[str], time: float) -> None:
        """Searches some lines, without knowing where they are in the output."""
        self.read(1, lines, 0, time)


@pytest.fixture
def metrics() -> Iterator[Search]:
    definitions = [metric("costly", COSTLY), metric("loss", r"loss=([0-9.]+)")]
    with closing(Search(*definitions)) as made:
        yield made


def values(metrics: Search) -> list[tuple[str, float]]:
    metrics.finish()
    return [(each.name, each.value) for each in metrics.values.take()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("loss=0.5; loss=0.25;", 0.25),
        ("loss=0.1;", 0.10000000149011612),
        ("loss=0.5; loss=nan;", 0.5),
        ("loss=abc;", None),
        ("nothing", None),
        (" " * (LONGEST_LINE - 9) + "loss=0.5; loss=0.25;", 0.5),
    ],
)
def test_a_metric_is_the_last_match_that_is_a_number(line: str, expected: float | None):
    assert last_match(line, re.compile("loss=(.*?);")) == expected


def test_each_line_and_each_update_of_a_progress_bar_has_a_value(metrics: Search):
    metrics.look(["loss=1", "nothing", "loss=2\rloss=3 loss=4\r"], time=1.0)

    assert values(metrics) == [("loss", 1.0), ("loss", 2.0), ("loss", 4.0)]
    assert [each.value for each in metrics.values.final()] == [4.0]


def test_a_metric_that_costs_too_much_is_given_up_with_a_message_and_the_others_go_on(
    metrics: Search, caplog: pytest.LogCaptureFixture
):
    for number in range(3):
        metrics.look(["a" * 60 + "b", f"loss={number}"], time=number)

    assert values(metrics) == [("loss", 0.0), ("loss", 1.0), ("loss", 2.0)]
    [record] = caplog.records
    assert "The metric 'costly' of a-job is not read any more" in record.getMessage()
    assert COSTLY in record.getMessage()


def test_neither_the_log_nor_the_end_of_a_job_waits_for_many_costly_expressions(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr("localcloud.sagemaker.monitoring.metrics.FINISH_SECONDS", 0.1)
    definitions = [metric(f"costly-{number}", f"{number}?{COSTLY}") for number in range(40)]
    with closing(Search(*definitions)) as metrics:
        for _ in range(3):
            metrics.look(["a" * 60 + "b"] * 2, time=1.0)
        metrics.finish()
        process = metrics._process
        assert metrics._busy

    assert process is not None
    assert process.returncode == -signal.SIGKILL
    assert "4 lines of a-job were not searched for metrics" in caplog.text


def test_of_too_much_output_that_waits_the_newest_is_read(
    metrics: Search, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("localcloud.sagemaker.monitoring.metrics.MOST_WAITING", 100)
    metrics.look(["a" * 60 + "b"], time=0.0)
    for number in range(100):
        metrics.look([f"loss={number}"], time=number)

    assert values(metrics)[-1] == ("loss", 99.0)
    assert metrics._unread > 0


def test_a_search_ends_with_the_server_also_when_that_is_killed():
    server = """
import sys, time
from localcloud.sagemaker.monitoring.metrics import Metrics
costly = {str(number): f"{number}?(a+)+$" for number in range(400)}
metrics = Metrics("a-job", costly, lambda _: None)
metrics.read(1, ["a" * 60 + "b"], 61, 0.0)
while metrics._process is None:
    time.sleep(0.01)
print(metrics._process.pid, flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", server]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        search = Path(f"/proc/{killed.stdout.readline().strip()}")
        arguments = (search / "cmdline").read_bytes()
        killed.kill()

    # By itself, it would end after a second of processor time for each expression.
    eventually(lambda: not _runs(search, arguments) or None)


def _runs(process: Path, arguments: bytes) -> bool:
    """Whether a process still runs, and not another one with its number."""
    try:
        return (process / "cmdline").read_bytes() == arguments
    except OSError:
        return False


def kill(metrics: Search) -> None:
    """Kills the process that searches, as a machine without memory does."""
    assert metrics._process is not None
    os.kill(metrics._process.pid, signal.SIGKILL)
    metrics._process.wait()


def test_a_search_that_is_killed_begins_again_without_what_was_given_up(
    metrics: Search, caplog: pytest.LogCaptureFixture
):
    metrics.look(["a" * 60 + "b", "loss=1"], time=1.0)
    assert values(metrics) == [("loss", 1.0)]
    for number in (2, 3):
        kill(metrics)
        metrics.look(["a" * 60 + "b", f"loss={number}"], time=number)
        assert values(metrics) == [("loss", number)]

    assert caplog.text.count("has ended, and begins again") == 2
    assert caplog.text.count("'costly'") == 1


def test_a_search_that_ends_at_every_attempt_ends_only_the_metrics(
    metrics: Search, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    metrics.look(["loss=1"], time=1.0)
    metrics.finish()
    kill(metrics)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    for _ in range(2):
        metrics.look(["loss=2"], time=2.0)
        metrics.finish()

    assert [each.value for each in metrics.values.final()] == [1.0]
    assert [each.levelno for each in caplog.records].count(logging.ERROR) == 1


def test_no_process_is_left_of_metrics_and_none_is_there_without(metrics: Search):
    metrics.look(["loss=1"], time=1.0)
    metrics.finish()
    process = metrics._process
    metrics.close()
    metrics.look(["loss=2"], time=2.0)

    assert process is not None
    assert process.returncode is not None
    assert [each.value for each in metrics.values.final()] == [1.0]
    with closing(Search()) as none:
        none.look(["loss=1"], time=1.0)
        assert none._process is None
        assert not none.values


def measured(cloud: Cloud, script: str, *definitions: dict[str, str]) -> str:
    request = cloud.request(script)
    request["AlgorithmSpecification"]["MetricDefinitions"] = list(definitions)
    cloud.sagemaker.create_training_job(**request)
    return str(request["TrainingJobName"])


def ask(cloud: Cloud) -> None:
    """Asks something. Raises TimeoutError without an answer.

    Nobody signed it, so S3 refuses it: what counts is that there is an answer.
    """
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=MOST_SECONDS)
    with closing(connection):
        connection.request("GET", "/training-artifacts")
        assert connection.getresponse().status == http.HTTPStatus.FORBIDDEN


def test_no_expression_freezes_the_local_cloud_nor_the_one_after_it(
    start: Callable[[], Cloud],
):
    cloud = start()
    name = measured(
        cloud,
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        for number in range(5000):
            print(f'epoch 1/1 {number}/5000 loss: {1 / (number + 1):.4f}', end='\\r')
            print(end=' ' if number % 2 else '')
        print('x' * 100_000, 'epoch loss: 1 ' * 4_500)
        print('a' * 60 + 'b')
        print('epoch 1 loss: 0.5 accuracy: 0.75')
        print('read', flush=True)
        time.sleep(60)
        """,
        metric("progress", PROGRESS),
        metric("costly", COSTLY),
        metric("update", r"loss: ([0-9.]+)"),
    )

    def read(times: int) -> bool | None:
        """Whether the job has printed all. Raises TimeoutError if the server is not there."""
        ask(cloud)
        return cloud.lines(name).count("read") == times or None

    def given_up() -> int:
        return (cloud.data / "server.log").read_text().count("The metric 'costly' of")

    eventually(lambda: read(1))
    eventually(lambda: given_up() == 1 or None)
    assert daemon.stop(cloud.data)
    cloud = start()
    eventually(lambda: read(2))
    job = cloud.stop(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert [(each["MetricName"], each["Value"]) for each in job["FinalMetricDataList"]] == [
        ("progress", 0.5),
        ("update", 0.5),
    ]


def test_the_metrics_and_the_log_of_a_job_go_on_when_their_search_is_killed(
    start: Callable[[], Cloud],
):
    cloud = start()
    script = f"""
        import pathlib, time
        print('loss: 1', flush=True)
        while not pathlib.Path({GO_ON!r}).exists():
            time.sleep(0.05)
        print('loss: 2')
        print('accuracy: 3')
        """
    name = measured(
        cloud, script, metric("loss", r"loss: (\d)"), metric("accuracy", r"accuracy: (\d)")
    )
    cloud.wait_for_line(name, "loss: 1")
    [search] = eventually(lambda: searches(cloud.server.pid) or None)

    os.kill(search, signal.SIGKILL)
    cloud.let_go_on(name)
    job = cloud.ended(name)
    found = {each["MetricName"]: each["Value"] for each in job["FinalMetricDataList"]}
    assert found == {"loss": 2.0, "accuracy": 3.0}
    assert cloud.lines(name) == ["loss: 1", "loss: 2", "accuracy: 3"]


def searches(server: int) -> list[int]:
    """The processes of a server that search for metrics."""
    found = [each for agent in agents(server) for each in children(agent)]
    return [each for each in found if b"matching" in command(each)]


@pytest.mark.parametrize("expression", ["(loss", "loss", "a{99999999999}(b)"])
def test_an_expression_that_cannot_be_used_is_refused(cloud: Cloud, expression: str):
    request = cloud.request()
    request["AlgorithmSpecification"]["MetricDefinitions"] = [metric("loss", expression)]

    code, message = refusal(cloud.sagemaker.create_training_job, **request)

    assert code == "ValidationException"
    assert "Invalid Regex in MetricDefinition loss" in message
