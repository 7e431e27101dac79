"""Which jobs are found, and that the number of calls does not grow with the account's history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from components.training_job.aws.found_jobs import (
    LISTED_AGE,
    all_found,
    equals,
    found_jobs,
    newest_found,
)
from components.training_job.aws.sagemaker_jobs import TRAINING_JOB
from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.preflight.preflight import Preflight
from components.training_job.request.job_inputs import JobInputs
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import completion_of
from tests.components.training_job.providers import launch, provider_over

Inputs = Callable[..., dict[str, Any]]
IN_PROGRESS = equals("TrainingJobStatus", "InProgress")
HISTORIES = (10, 1_000, 100_000)
"""How many jobs an account has had."""


def create(aws: FakeAws, name: str, age: timedelta = timedelta()) -> None:
    """Creates a job of this age."""
    aws.now -= age
    aws.create_training_job(TrainingJobName=name, Tags=[], ResourceConfig={})
    aws.now += age


def names(aws: FakeAws) -> list[str]:
    found = found_jobs(aws, lambda: all_found(aws, IN_PROGRESS))
    return [job["TrainingJobName"] for job in found.jobs]


def test_a_job_is_found_at_any_age(aws: FakeAws) -> None:
    for name, age in {
        "new": timedelta(),
        "not-searchable-yet": aws.search_delay,
        "searchable": 2 * aws.search_delay,
        "listed-last": LISTED_AGE - timedelta(minutes=1),
        "not-listed": LISTED_AGE + timedelta(minutes=1),
        "old": timedelta(days=50),
    }.items():
        create(aws, name, age)
    newest_first = ["new", "not-searchable-yet", "searchable", "listed-last", "not-listed", "old"]
    assert names(aws) == newest_first


def test_what_the_list_shows_of_a_job_counts_and_a_search_adds_the_rest(aws: FakeAws) -> None:
    create(aws, "listed", timedelta(minutes=10))
    create(aws, "searched", timedelta(hours=1))
    for name in ("listed", "searched"):
        aws.set_status(name, "Completed")
    found = found_jobs(aws, lambda: all_found(aws, IN_PROGRESS))
    statuses = {job["TrainingJobName"]: job["TrainingJobStatus"] for job in found.jobs}
    assert statuses == {"listed": "Completed", "searched": "InProgress"}
    assert found.from_search == {"searched"}
    assert all("Tags" in job for job in found.jobs)


def test_without_a_search_all_jobs_that_may_still_live_are_listed(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    create(aws, "too-old", TRAINING_JOB.longest_life + timedelta(days=1))
    create(aws, "old", TRAINING_JOB.longest_life - timedelta(days=1))
    aws.deny("Search")
    assert names(aws) == ["old"]
    assert "may not call sagemaker:Search" in capsys.readouterr().out


def test_another_refusal_of_a_search_is_an_error(aws: FakeAws) -> None:
    aws.refuse("Search", "ValidationException", "Unknown property")
    with pytest.raises(ClientError, match="Unknown property"):
        names(aws)


def test_every_page_of_a_search_is_read_or_only_the_newest(aws: FakeAws) -> None:
    for number in range(5):
        create(aws, f"job-{number}", timedelta(hours=5 - number))
    aws.largest_page = 2
    found = [job["TrainingJobName"] for job in all_found(aws, IN_PROGRESS)]
    assert found == [f"job-{number}" for number in (4, 3, 2, 1, 0)]
    newest, is_all = newest_found(aws, IN_PROGRESS)
    assert [job["TrainingJobName"] for job in newest] == ["job-4", "job-3"]
    assert not is_all


def test_the_list_is_read_as_far_as_the_search_is_late_and_no_further(aws: FakeAws) -> None:
    for number in range(5):
        create(aws, f"job-{number}", timedelta(hours=5 - number))
    create(aws, "new")
    aws.largest_page = 1
    found_jobs(aws, list)
    assert aws.calls.count("ListTrainingJobs") == 2


def launching(aws: FakeAws, inputs: dict[str, Any]) -> None:
    launch(provider_over(aws), inputs)


def previewing(aws: FakeAws, inputs: dict[str, Any]) -> None:
    Preflight(aws).problems(JobInputs.of(inputs))  # type: ignore[arg-type]


def refreshing(aws: FakeAws, inputs: dict[str, Any]) -> None:
    state = launch(provider_over(aws), inputs)
    provider_over(aws).read(state["training_job_name"], state)


def waiting(aws: FakeAws, inputs: dict[str, Any]) -> None:
    name = launch(provider_over(aws), inputs)["training_job_name"]
    aws.set_status(name, "Completed")
    completion = TrainingJobCompletionProvider()
    completion._clients = aws  # type: ignore[assignment]
    completion.create(completion_of(name))


@pytest.mark.parametrize("operation", [launching, previewing, refreshing, waiting])
@pytest.mark.parametrize("live", [False, True], ids=["nothing live", "a live job of the lineage"])
@pytest.mark.usefixtures("aws", "clock")
def test_an_operation_makes_the_same_calls_at_any_history_of_the_account(
    job_inputs: Inputs,
    operation: Callable[[FakeAws, dict[str, Any]], None],
    live: bool,
    report: Callable[[str], None],
) -> None:
    calls = {}
    for jobs in HISTORIES:
        aws = FakeAws()
        aws.add_history(jobs)
        if live:
            aws.now -= timedelta(hours=1)
            launch(provider_over(aws), job_inputs({"hyperparameters": {"epochs": 9}}))
            aws.now += timedelta(hours=1)
        aws.calls.clear()
        operation(aws, job_inputs())
        calls[jobs] = sorted(aws.calls)
    assert calls[1_000] == calls[100_000] == calls[10]
    report(f"Calls, {operation.__name__} at any history: {len(calls[10])}")


@pytest.mark.parametrize("jobs", [1_000, 100_000])
def test_the_lineages_own_history_takes_two_calls_more_and_not_one_for_each_hundred(
    aws: FakeAws, job_inputs: Inputs, jobs: int
) -> None:
    inputs = job_inputs()
    launch(provider_over(aws), inputs)
    few = FakeAws()
    few_calls = _calls_of_launch(few, inputs)
    many = FakeAws()
    lineage = inputs["lineage"]
    many.add_history(jobs, f"{lineage}-00000001-", {"sagemaker-training:lineage": lineage})
    assert _calls_of_launch(many, inputs) == few_calls + 2


def _calls_of_launch(aws: FakeAws, inputs: dict[str, Any]) -> int:
    launch(provider_over(aws), inputs)
    return len(aws.calls)


@pytest.mark.usefixtures("clock")
@pytest.mark.usefixtures("_without_reports")
def test_a_job_that_is_older_than_thousands_of_others_is_waited_for_with_few_calls(
    completion: TrainingJobCompletionProvider,
    aws: FakeAws,
    launched: Callable[[str], str],
    clock: SimpleNamespace,
) -> None:
    aws.now -= timedelta(days=30)
    name = launched("team-dev-a")
    aws.now += timedelta(days=30)
    aws.add_history(10_000)
    aws.calls.clear()
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 10:
            aws.set_status(name, "Completed")

    clock.on_sleep = tick
    completion.create(completion_of(name))
    assert len(aws.calls) <= 3 * 11
