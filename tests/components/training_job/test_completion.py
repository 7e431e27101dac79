"""Waiting for jobs to end, and what a person reads when one did not complete."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.training_job import waiting
from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.errors import TrainingJobError
from components.training_job.unknowns import UNKNOWN
from components.training_job.waiting import wait_for_end
from tests.components.training_job.fake_sagemaker import (
    FakeSageMaker,
    client_error,
    provider_over,
)

Inputs = Callable[..., dict[str, Any]]


class FakeLogs:
    """CloudWatch Logs with one stream for each of two instances."""

    exceptions = SimpleNamespace(ClientError=ClientError)

    def describe_log_streams(self, logStreamNamePrefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        streams = [f"{logStreamNamePrefix}algo-{number}-1700000000" for number in (1, 2)]
        return {"logStreams": [{"logStreamName": stream} for stream in streams]}

    def get_log_events(self, **_: Any) -> dict[str, Any]:
        return {"events": [{"message": "ValueError: no data"}]}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Time that passes only while somebody sleeps; `on_sleep` is called each time."""
    clock = SimpleNamespace(now=0.0, on_sleep=lambda: None)

    def sleep(seconds: float) -> None:
        clock.now += seconds
        clock.on_sleep()

    # Not the module's own functions, which other tests' threads may be using.
    own_time = SimpleNamespace(sleep=sleep, monotonic=lambda: clock.now)
    monkeypatch.setattr(waiting, "time", own_time)
    return clock


@pytest.fixture
def completion(sagemaker: FakeSageMaker) -> TrainingJobCompletionProvider:
    provider = TrainingJobCompletionProvider()
    clients = {"sagemaker": sagemaker, "logs": FakeLogs()}
    provider._clients = SimpleNamespace(  # type: ignore[assignment]
        client=lambda service, _region: clients[service]
    )
    return provider


@pytest.fixture
def launched(sagemaker: FakeSageMaker, job_inputs: Inputs) -> Callable[[str], str]:
    """Launches the job of a lineage and returns its name."""

    def launch(lineage: str) -> str:
        provider = provider_over(sagemaker)
        inputs = provider.check({}, job_inputs(lineage=lineage)).inputs
        return str(provider.create(inputs).id)

    return launch


def props(*names: str, deadline: int = 3600) -> dict[str, Any]:
    return {
        "jobs": [name.rpartition("-")[0] for name in names],
        "training_job_names": list(names),
        "region": "us-east-1",
        "deadline_seconds": deadline,
    }


def test_it_waits_until_all_jobs_have_ended(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched("team-dev-a"), launched("team-dev-b")]
    clock.on_sleep = lambda: sagemaker.end(names[0] if clock.now < 10 else names[1], "Completed")
    result = completion.create(props(*names))
    assert clock.now >= 10
    assert result.outs is not None
    assert {name: each["status"] for name, each in result.outs["results"].items()} == dict.fromkeys(
        names, "Completed"
    )


def test_a_metric_that_is_no_number_is_told_and_kept_out_of_the_results(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = launched("team-dev-a")
    sagemaker.end(name, "Completed")
    values = {"accuracy": 0.5, "loss": float("nan"), "norm": float("-inf")}
    sagemaker.jobs[name]["FinalMetricDataList"] = [
        {"MetricName": metric, "Value": value} for metric, value in values.items()
    ]
    result = completion.create(props(name))
    assert result.outs is not None
    assert result.outs["results"][name]["metrics"] == {"accuracy": 0.5}
    told = capsys.readouterr().out
    assert f"warning: {name} ended with loss = nan" in told
    assert f"warning: {name} ended with norm = -inf" in told


def test_a_failed_job_is_reported_with_reason_log_and_remedy_once_all_have_ended(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    failing, completing = launched("team-dev-a"), launched("team-dev-b")
    sagemaker.end(failing, "Failed", reason="AlgorithmError: no data, exit code: 1")
    clock.on_sleep = lambda: sagemaker.end(completing, "Completed")
    with pytest.raises(TrainingJobError) as error:
        completion.create(props(failing, completing))
    text = str(error.value)
    assert f"{failing} ended as Failed (script error): AlgorithmError: no data" in text
    assert "algo-2 | ValueError: no data" in text
    assert "Remedy: " in text
    assert completing not in text
    assert sagemaker.live() == []


@pytest.mark.parametrize("secondary", ["MaxWaitTimeExceeded", "MaxRuntimeExceeded", "Stopped"])
def test_a_stopped_job_is_never_taken_for_a_completed_one(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    secondary: str,
) -> None:
    name = launched("team-dev-a")
    sagemaker.end(name, "Stopped", secondary)
    with pytest.raises(TrainingJobError, match=name):
        completion.create(props(name))


def test_one_list_call_a_tick_serves_all_jobs(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched(f"team-dev-{letter}") for letter in "abcdefgh"]
    sagemaker.calls.clear()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            for name in names:
                sagemaker.end(name, "Completed")

    clock.on_sleep = tick
    completion.create(props(*names))
    assert sagemaker.calls.count("ListTrainingJobs") == 6


@pytest.mark.parametrize(("jobs", "calls"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_look_at_any_number_of_jobs_takes_a_call_a_hundred(
    sagemaker: FakeSageMaker, job_inputs: Inputs, jobs: int, calls: int
) -> None:
    """Older jobs of the same names are in the lists too, and not read."""
    names = [f"team-dev-job-00000001-{number}" for number in range(300)]
    for name in names:
        sagemaker.create_training_job(**job_inputs()["request"] | {"TrainingJobName": name})
        sagemaker.end(name, "Completed")
    sagemaker.calls.clear()
    wait_for_end(sagemaker, names[300 - jobs :], 60, lambda _line: None)
    assert sagemaker.calls.count("ListTrainingJobs") == calls


def test_a_long_wait_takes_few_calls(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name = launched("team-dev-a")
    sagemaker.calls.clear()
    clock.on_sleep = lambda: sagemaker.end(name, "Completed") if clock.now > 36_000 else None
    completion.create(props(name, deadline=40_000))
    assert sagemaker.calls.count("ListTrainingJobs") < 1400


@pytest.mark.parametrize(("status", "longest"), [("Training", 30), ("Uploading", 2)])
def test_an_end_that_is_near_is_seen_at_once(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
    status: str,
    longest: float,
) -> None:
    name, ticks = launched("team-dev-a"), []

    def tick() -> None:
        ticks.append(clock.now)
        sagemaker.end(name, "InProgress", status if clock.now > 3600 else "Training")
        if clock.now > 4000:
            sagemaker.end(name, "Completed")

    clock.on_sleep = tick
    completion.create(props(name, deadline=5000))
    last = [later - sooner for sooner, later in pairwise(ticks[-4:])]
    assert max(last) == pytest.approx(longest)


def test_a_record_that_vanishes_while_it_is_waited_for_is_told(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name, other = launched("team-dev-a"), launched("team-dev-b")
    clock.on_sleep = lambda: sagemaker.jobs.pop(name, None)
    with pytest.raises(TrainingJobError, match=f"the record of {name} is gone"):
        completion.create(props(name, other))
    assert clock.now < 60


def test_each_job_is_described_once_when_it_has_ended(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched(f"team-dev-{letter}") for letter in "abcd"]
    sagemaker.calls.clear()

    def end() -> None:
        for name in names:
            sagemaker.end(name, "Completed")

    clock.on_sleep = end
    completion.create(props(*names))
    assert sagemaker.calls.count("DescribeTrainingJob") == len(names)


def test_the_deadline_names_the_jobs_that_still_run(
    completion: TrainingJobCompletionProvider,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name = launched("team-dev-a")
    with pytest.raises(TrainingJobError, match=f"still running after 1m: {name}"):
        completion.create(props(name, deadline=60))
    assert clock.now >= 60


def test_there_is_nothing_to_wait_for_while_nothing_is_launched(
    completion: TrainingJobCompletionProvider, sagemaker: FakeSageMaker
) -> None:
    assert completion.create(props("")).outs == props("") | {"results": {}}
    assert sagemaker.calls == []


def test_progress_is_printed_when_a_status_changes_and_only_then(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = launched("team-dev-a")
    statuses = iter(["Starting", "Training", "Training", "Interrupted", "Training"])
    clock.on_sleep = lambda: sagemaker.end(
        name, *(("InProgress", status) if (status := next(statuses, "")) else ("Completed", ""))
    )
    completion.create(props(name))
    seen = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert seen == ["Starting", "Training", "Interrupted", "Training", "Completed"]


OLD = {"jobs": ["a", "b"], "training_job_names": ["a-1", "b-1"]}


@pytest.mark.parametrize(
    ("news", "waits"),
    [
        ({}, False),
        ({"training_job_names": ["a-1", "b-2"]}, True),
        ({"training_job_names": ["a-1", UNKNOWN]}, False),  # b is updated in place
        ({"training_job_names": [UNKNOWN, UNKNOWN]}, False),
        ({"training_job_names": UNKNOWN}, True),  # a job is replaced
        ({"training_job_names": [UNKNOWN, "b-2"]}, True),
        ({"jobs": ["a", "c"], "training_job_names": ["a-1", UNKNOWN]}, True),
        ({"jobs": ["a"], "training_job_names": [UNKNOWN]}, True),
        ({"jobs": ["a", "b", "c"], "training_job_names": ["a-1", "b-1", UNKNOWN]}, True),
    ],
)
def test_it_waits_anew_when_its_jobs_are_others_and_not_while_they_are_updated(
    completion: TrainingJobCompletionProvider, news: dict[str, Any], waits: bool
) -> None:
    diff = completion.diff("", OLD, OLD | news)
    assert diff.changes is waits
    assert bool(diff.replaces) is waits


def test_one_of_an_earlier_release_waits_anew_where_it_cannot_know(
    completion: TrainingJobCompletionProvider,
) -> None:
    names = "training_job_names"
    earlier = {names: OLD[names]}
    assert completion.diff("", earlier, OLD).changes is False
    assert completion.diff("", earlier, OLD | {names: ["a-1", UNKNOWN]}).changes is True


def test_it_is_gone_when_a_jobs_record_is(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
) -> None:
    state = props(launched("team-dev-a"), "")
    assert completion.read("", state).outs == state
    assert completion.read("", props("")).id == ""
    sagemaker.jobs.clear()
    assert completion.read("", state).id is None


def test_a_log_that_cannot_be_read_hides_no_failure(
    completion: TrainingJobCompletionProvider,
    sagemaker: FakeSageMaker,
    launched: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = launched("team-dev-a")
    sagemaker.end(name, "Failed", reason="AlgorithmError: x")

    def denied(*_: Any, **__: Any) -> None:
        raise client_error("AccessDeniedException", "not authorized", "DescribeLogStreams")

    monkeypatch.setattr(FakeLogs, "describe_log_streams", denied)
    with pytest.raises(TrainingJobError, match="the log can't be read: not authorized"):
        completion.create(props(name))
