"""The wait for jobs to end: when it asks, how many calls that takes, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.run.waiting import last_log_lines, wait_for_end
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import completion_of

Inputs = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.usefixtures("_without_reports")


def test_it_waits_until_all_jobs_have_ended(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched("team-dev-a"), launched("team-dev-b")]
    clock.on_sleep = lambda: aws.set_status(names[0] if clock.now < 10 else names[1], "Completed")
    result = completion.create(completion_of(*names))
    assert clock.now >= 10
    assert result.outs is not None
    assert {name: each["status"] for name, each in result.outs["results"].items()} == dict.fromkeys(
        names, "Completed"
    )


def test_one_list_call_a_tick_serves_all_jobs(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched(f"team-dev-{letter}") for letter in "abcdefgh"]
    aws.calls.clear()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 5:
            for name in names:
                aws.set_status(name, "Completed")

    clock.on_sleep = tick
    completion.create(completion_of(*names))
    assert aws.calls.count("ListTrainingJobs") == 6


@pytest.mark.parametrize(("jobs", "calls"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_look_at_any_number_of_jobs_takes_a_call_for_each_hundred(
    aws: FakeAws, job_inputs: Inputs, jobs: int, calls: int
) -> None:
    """Older jobs with names that begin alike are in the lists too, and are not read."""
    names = [f"team-dev-job-00000001-{number}" for number in range(300)]
    for name in names:
        aws.create_training_job(**job_inputs()["request"] | {"TrainingJobName": name})
        aws.set_status(name, "Completed")
    aws.calls.clear()
    wait_for_end(aws, names[300 - jobs :], 60, lambda _line: None)
    assert aws.calls.count("ListTrainingJobs") == calls


def test_a_long_wait_takes_few_calls(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name = launched("team-dev-a")
    aws.calls.clear()
    clock.on_sleep = lambda: aws.set_status(name, "Completed") if clock.now > 36_000 else None
    completion.create(completion_of(name, deadline=40_000))
    assert aws.calls.count("ListTrainingJobs") < 1400


@pytest.mark.parametrize(("status", "longest"), [("Training", 30), ("Uploading", 2)])
def test_an_end_that_is_near_is_seen_at_once(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
    status: str,
    longest: float,
) -> None:
    name, ticks = launched("team-dev-a"), []

    def tick() -> None:
        ticks.append(clock.now)
        aws.set_status(name, "InProgress", status if clock.now > 3600 else "Training")
        if clock.now > 4000:
            aws.set_status(name, "Completed")

    clock.on_sleep = tick
    completion.create(completion_of(name, deadline=5000))
    last = [later - sooner for sooner, later in pairwise(ticks[-4:])]
    assert max(last) == pytest.approx(longest)


def test_why_a_job_waits_is_said_after_some_minutes_and_then_less_and_less_often(
    aws: FakeAws, launched: Callable[[str], str], clock: SimpleNamespace
) -> None:
    name, lines = launched("team-dev-a"), list[tuple[float, str]]()
    aws.set_status(name, "InProgress", "Starting")

    def tick() -> None:
        if clock.now > 4000:
            aws.set_status(name, "Completed")

    clock.on_sleep = tick
    wait_for_end(aws, [name], 5000, lambda line: lines.append((clock.now, line)))
    notices = [(at, line) for at, line in lines if "It waits for" in line]
    times = [at for at, _ in notices]
    assert times[0] == pytest.approx(300, abs=30)
    assert all(later >= 2 * sooner for sooner, later in pairwise(times))
    assert len(times) == 4
    assert all(line.startswith(f"{name}: Starting for ") for _, line in notices)


def test_a_record_that_vanishes_during_the_wait_is_reported(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name, other = launched("team-dev-a"), launched("team-dev-b")
    clock.on_sleep = lambda: aws.jobs.pop(name, None)
    with pytest.raises(TrainingJobError, match=f"the record of {name} is gone"):
        completion.create(completion_of(name, other))
    assert clock.now < 60


def test_each_job_is_described_once_when_it_has_ended(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    names = [launched(f"team-dev-{letter}") for letter in "abcd"]
    aws.calls.clear()

    def end() -> None:
        for name in names:
            aws.set_status(name, "Completed")

    clock.on_sleep = end
    completion.create(completion_of(*names))
    assert aws.calls.count("DescribeTrainingJob") == len(names)


def test_the_deadline_names_the_jobs_that_still_run(
    completion: TrainingJobCompletionProvider,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    name = launched("team-dev-a")
    with pytest.raises(TrainingJobError, match=f"still running after 1m: {name}"):
        completion.create(completion_of(name, deadline=60))
    assert clock.now >= 60


def test_there_is_nothing_to_wait_for_while_nothing_is_launched(
    completion: TrainingJobCompletionProvider, aws: FakeAws
) -> None:
    assert completion.create(completion_of("")).outs == completion_of("") | {"results": {}}
    assert aws.calls == []


def test_progress_is_printed_when_a_status_changes_and_only_then(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = launched("team-dev-a")
    statuses = iter(["Starting", "Training", "Training", "Interrupted", "Training"])
    clock.on_sleep = lambda: aws.set_status(
        name, *(("InProgress", status) if (status := next(statuses, "")) else ("Completed", ""))
    )
    completion.create(completion_of(name))
    seen = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert seen == ["Starting", "Training", "Interrupted", "Training", "Completed"]


def test_a_progress_bar_is_one_short_line_of_the_last_log_lines(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar = "".join(f"\r{number}/3000 loss\0 0.5" for number in range(3_001))
    events = [{"message": f"{bar}\r\n"}, {"message": "x" * 5_000}]
    monkeypatch.setattr(aws, "get_log_events", lambda **_: {"events": events})

    lines = last_log_lines(aws, "job", 20)

    assert lines[:2] == ["algo-1 | 3000/3000 loss 0.5", f"algo-1 | {'x' * 500}…"]
