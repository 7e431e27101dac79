"""A job goes on when the process that carries its data is killed, or ends with a reason."""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from localcloud.sagemaker.jobs.failure_reasons import INTERNAL
from localcloud.sagemaker.monitoring.metric_values import MetricValues
from localcloud.sagemaker.runtime import agent as agent_module
from localcloud.sagemaker.runtime import agent_process
from localcloud.sagemaker.runtime.agent import Agent
from localcloud.sagemaker.runtime.agent_process import MOST_MEMORY
from localcloud.sagemaker.runtime.agent_work import Reach
from localcloud.sagemaker.sandbox.fork_server import Forked
from tests.localcloud.cloud import (
    GO_ON,
    GROUP,
    Cloud,
    agents,
    channel,
    checkpoints,
    children,
    eventually,
)

SECRET = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
LINES = 6_000


def kill_agent(cloud: Cloud) -> int:
    """Kills the agent of the only job, and returns its process."""
    [agent] = eventually(lambda: agents(cloud.server.pid) or None)
    os.kill(agent, signal.SIGKILL)
    return agent


@pytest.mark.deep
def test_every_line_and_value_is_there_once_and_in_order_when_the_agent_is_killed(
    start: Callable[[], Cloud],
):
    cloud = start()
    request = cloud.request(
        f"""
        import pathlib, time
        folder = pathlib.Path('/opt/ml/checkpoints')
        for number in range({LINES}):
            print(f'line {{number}}' + ' long' * (number % 7))
            if number % 10 == 0:
                print(f'loss={{number}};')
            if number % 500 == 0:
                (folder / f'{{number}}').write_text(str(number))
                (folder / f'{{number - 1500}}').unlink(missing_ok=True)
            if number % 20 == 0:
                time.sleep(0.02)
            while number == 5_000 and not pathlib.Path({GO_ON!r}).exists():
                time.sleep(0.02)
        pathlib.Path('/opt/ml/model/weights').write_text('done')
        """,
        CheckpointConfig=checkpoints("killed-agent/"),
    )
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "loss=(.*?);"}
    ]
    name = request["TrainingJobName"]
    cloud.sagemaker.create_training_job(**request)
    for line in ("loss=500;", "loss=2000;", "loss=4000;"):
        cloud.wait_for_line(name, line)
        killed = kill_agent(cloud)
        eventually(lambda: set(agents(cloud.server.pid)) - {killed} or None)  # noqa: B023
    cloud.let_go_on(name)
    job = cloud.ended(name)

    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    expected = [
        line
        for number in range(LINES)
        for line in [f"line {number}" + " long" * (number % 7)]
        + [f"loss={number};"] * (number % 10 == 0)
    ]
    assert cloud.lines(name) == expected
    assert [each["Value"] for each in job["FinalMetricDataList"]] == [LINES - 10]
    now = job["TrainingEndTime"]
    [point] = cloud.client("cloudwatch").get_metric_statistics(
        Namespace=GROUP,
        MetricName="loss",
        Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=24 * 3600,
        Statistics=["SampleCount", "Sum"],
    )["Datapoints"]
    assert point["SampleCount"] == LINES / 10
    assert point["Sum"] == sum(range(0, LINES, 10))
    assert cloud.keys("killed-agent/") == [f"killed-agent/{each}" for each in (4500, 5000, 5500)]
    assert cloud.keys(f"output/{name}/output/") == [f"output/{name}/output/model.tar.gz"]
    assert (cloud.data / "server.log").read_text().count("is started again") == 3


@pytest.mark.deep
def test_a_job_whose_pipe_breaks_with_its_agent_fails(start: Callable[[], Cloud]):
    cloud = start()
    cloud.put("piped/1", b"x" * 1_000_000)
    request = cloud.request(
        """
        import select
        with open('/opt/ml/input/data/train_0', 'rb') as pipe:
            pipe.read(1)
            print('reads', flush=True)
            writers = select.poll()
            writers.register(pipe, 0)
            writers.poll()  # until there is none
            pipe.read()
        """
    )
    request["InputDataConfig"].append(channel("train", "piped/", InputMode="Pipe"))
    name = request["TrainingJobName"]
    cloud.sagemaker.create_training_job(**request)
    cloud.wait_for_line(name, "reads")
    kill_agent(cloud)
    job = cloud.ended(name)

    assert (job["TrainingJobStatus"], job["FailureReason"]) == ("Failed", INTERNAL)
    assert cloud.lines(name) == ["reads"]


@pytest.fixture
def failures() -> list[Exception]:
    return []


@pytest.fixture
def silent() -> Iterator[Reach]:
    """A service that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Reach(f"http://127.0.0.1:{server.getsockname()[1]}", "us-east-1", SECRET)


def test_an_agent_that_ends_again_and_again_fails_its_job(
    silent: Reach, failures: list[Exception], caplog: pytest.LogCaptureFixture
):
    with closing(Agent("a-job", silent, MetricValues([]), failures.append)) as agent:
        for _ in range(agent_module._MOST_ENDS):
            process = agent._process
            process.signal(signal.SIGKILL)
            _wait_for_the_next(agent, process, failures)

        with pytest.raises(RuntimeError, match="The agent of a-job ended again and again"):
            agent.call("run", None)

    assert len(failures) == 1
    assert caplog.text.count("is started again") == agent_module._MOST_ENDS - 1


def _wait_for_the_next(agent: Agent, killed: Forked, failures: list[Exception]) -> None:
    def started() -> bool | None:
        with agent._lock:
            return bool(failures) or agent._process is not killed or None

    eventually(started)


def test_a_call_ends_as_soon_as_its_job_has_to(silent: Reach, failures: list[Exception]):
    def check() -> None:
        if time.monotonic() > begun + 0.5:
            raise KeyError("enough")

    agent = Agent("a-job", silent, MetricValues([]), failures.append)
    process = agent._process.number
    begun = time.monotonic()
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/"}
    with pytest.raises(KeyError, match="enough"):
        agent.call("download", source, Path("/nowhere"), (0, 1), check=check)

    assert time.monotonic() < begun + 45  # without an answer, the call itself waits a minute
    eventually(lambda: not Path(f"/proc/{process}").exists() or None)
    assert failures == []


def test_an_agent_has_limits(silent: Reach, failures: list[Exception]):
    with closing(Agent("a-job", silent, MetricValues([]), failures.append)) as agent:
        agent.end()
        agent.run((), {})  # it has begun
        process = agent._process.number
        assert resource.prlimit(process, resource.RLIMIT_DATA) == (MOST_MEMORY, MOST_MEMORY)
        tasks = [int(task.name) for task in Path(f"/proc/{process}/task").iterdir()]
        own, lower = os.getpriority(os.PRIO_PROCESS, 0), agent_process._NICENESS
        found = {os.getpriority(os.PRIO_PROCESS, task) - own for task in tasks}
        assert found == {0, lower}


def test_agents_are_started_also_when_the_process_that_starts_them_was_killed(
    silent: Reach, failures: list[Exception]
):
    with closing(Agent("a-job", silent, MetricValues([]), failures.append)) as agent:
        [starter] = [
            each for each in children(os.getpid()) if agent._process.number in children(each)
        ]
        os.kill(starter, signal.SIGKILL)
        agent.run((), {})  # the next one does it
        with closing(Agent("another", silent, MetricValues([]), failures.append)) as another:
            another.run((), {})

    assert failures == []
