"""A launch over a service that shows old lists, or throttles, fails, hangs or loses answers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.aws import aws_clients, found_jobs
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import TrainingJobError, traced
from components.training_job.aws.found_jobs import LISTED_AGE
from components.training_job.request.job_tags import LINEAGE_TAG, RELEASED_TAG
from components.training_job.run.launch import Launch, launch_once
from tests.components.fake_aws import CrashError, FakeAws
from tests.components.training_job.aws.loopback_service import Request, reply_with, service

OWNER = "artifacts"
CREATE = "CreateTrainingJob"
REQUEST: dict[str, Any] = {
    "RoleArn": "arn:aws:iam::123456789012:role/execution",
    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/output"},
    "CheckpointConfig": {"S3Uri": "s3://artifacts/checkpoints/"},
    "ResourceConfig": {},
}
LAUNCH = Launch("team-dev-job", OWNER, "0123abcd", REQUEST)
FIRST, SECOND = "team-dev-job-0123abcd-1", "team-dev-job-0123abcd-2"


@pytest.fixture
def old_list(aws: FakeAws) -> FakeAws:
    """A service where neither the list nor a search shows a job yet."""
    aws.old_list = []
    return aws


def test_the_own_job_is_adopted_though_no_list_shows_it(old_list: FakeAws) -> None:
    first = launch_once(old_list, LAUNCH).description
    second = launch_once(old_list, LAUNCH).description
    assert second["TrainingJobName"] == first["TrainingJobName"]
    assert old_list.live() == [FIRST]


def test_another_owners_live_job_is_refused_though_no_list_shows_it(old_list: FakeAws) -> None:
    launch_once(old_list, Launch("team-dev-job", f"{OWNER}-of-another", "0123abcd", REQUEST))
    with pytest.raises(TrainingJobError, match=r"belongs to .*-of-another"):
        launch_once(old_list, LAUNCH)
    assert old_list.live() == [FIRST]


def test_an_attempt_that_was_released_and_still_runs_is_stopped_before_the_next(
    old_list: FakeAws,
) -> None:
    first = launch_once(old_list, LAUNCH).description
    old_list.tags[first["TrainingJobArn"]][RELEASED_TAG] = "Stopping"
    launch_once(old_list, LAUNCH)
    assert old_list.live() == [SECOND]


def test_a_name_whose_record_is_gone_in_the_meantime_is_passed_over(
    old_list: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = old_list._describe

    def remove_and_describe(name: str) -> dict[str, Any]:
        old_list.jobs.pop(name, None)
        return describe(name)

    monkeypatch.setattr(old_list, "_describe", remove_and_describe)
    launch_once(old_list, LAUNCH)
    launch_once(old_list, LAUNCH)
    assert old_list.live() == [SECOND]


SEVERAL = [
    Launch("team-dev-job", OWNER, definition, REQUEST) for definition in ("0123abcd", "fedcba98")
]


def launched_before(aws: FakeAws, age: timedelta, launch: Launch = LAUNCH) -> str:
    """The name of a job that was launched some time ago."""
    aws.now -= age
    name = str(launch_once(aws, launch).description["TrainingJobName"])
    aws.now += age
    return name


@pytest.mark.parametrize(
    "age", [timedelta(seconds=1), timedelta(days=50)], ids=["only listed", "only searched"]
)
def test_a_live_job_of_another_definition_is_stopped_before_the_next_starts(
    aws: FakeAws, age: timedelta
) -> None:
    other = launched_before(aws, age, Launch("team-dev-job", OWNER, "fedcba98", REQUEST))
    launch_once(aws, LAUNCH)
    assert aws.live() == [FIRST]
    assert aws.calls.index("StopTrainingJob") < len(aws.calls) - aws.calls[::-1].index(CREATE) - 1
    assert RELEASED_TAG in aws.tags[aws.jobs[other]["TrainingJobArn"]]


def test_a_live_job_is_found_without_a_search_too(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    launched_before(aws, timedelta(days=50), Launch("team-dev-job", OWNER, "fedcba98", REQUEST))
    aws.deny("Search")
    launch_once(aws, LAUNCH)
    assert aws.live() == [FIRST]
    assert "may not call sagemaker:Search" in capsys.readouterr().out


def test_an_attempt_that_is_too_old_for_the_list_is_found_by_its_name_and_is_no_try_in_a_row(
    aws: FakeAws,
) -> None:
    name = launched_before(aws, timedelta(days=60))
    aws.tags[aws.jobs[name]["TrainingJobArn"]][RELEASED_TAG] = "deleted"
    aws.set_status(name, "Failed")
    other = Launch("team-dev-job", OWNER, "fedcba98", REQUEST)
    aws.set_status(launched_before(aws, timedelta(days=10), other), "Completed")
    aws.deny("Search")
    launched = launch_once(aws, LAUNCH)
    assert launched.description["TrainingJobName"] == SECOND
    assert launched.tries == 1


def test_a_job_that_failed_a_moment_ago_counts_though_a_search_shows_it_as_running(
    aws: FakeAws,
) -> None:
    name = launched_before(aws, timedelta(hours=3))
    aws.set_status(name, "Failed", reason="AlgorithmError: 1")
    aws.add_tags(aws.jobs[name]["TrainingJobArn"], [{"Key": RELEASED_TAG, "Value": "deleted"}])
    launched = launch_once(aws, LAUNCH)
    assert launched.description["TrainingJobName"] == SECOND
    assert launched.tries == 2


def test_the_next_attempt_of_a_lineage_with_many_runs_follows_its_definitions_newest(
    aws: FakeAws,
) -> None:
    for _ in range(3):
        name = launched_before(aws, timedelta(days=20))
        aws.set_status(name, "Failed")
        aws.tags[aws.jobs[name]["TrainingJobArn"]][RELEASED_TAG] = "deleted"
    aws.add_history(300, "team-dev-job-fedcba98-", {LINEAGE_TAG: "team-dev-job"})
    aws.calls.clear()
    launched = launch_once(aws, LAUNCH)
    assert launched.description["TrainingJobName"] == "team-dev-job-0123abcd-4"
    assert aws.calls.count(CREATE) == 1


def test_the_tags_of_runs_that_were_let_go_long_ago_are_not_read_again(aws: FakeAws) -> None:
    aws.add_history(50, "team-dev-job-0123abcd-", LAUNCH.tags | {RELEASED_TAG: "deleted"})
    launched = launch_once(aws, LAUNCH)
    assert launched.description["TrainingJobName"] == "team-dev-job-0123abcd-51"
    assert sorted(aws.calls) == [CREATE, "ListTrainingJobs", "Search"]


class GuardedAws(FakeAws):
    """AWS in memory that fails where a job starts while another one of the lineage is live."""

    def _create(self, request: dict[str, Any]) -> dict[str, str]:
        if request["TrainingJobName"] not in self.jobs:
            assert self.live() == []
        return super()._create(request)


CRASHES = st.none() | st.tuples(st.integers(1, 12), st.sampled_from(["before", "after"]))
STEPS = st.lists(
    st.tuples(
        st.sampled_from(SEVERAL),
        st.timedeltas(timedelta(), timedelta(hours=2)),
        st.sampled_from(["", "Completed", "Failed"]),
        CRASHES,
    ),
    min_size=1,
    max_size=6,
)


@given(delay=st.timedeltas(timedelta(), LISTED_AGE - timedelta(minutes=1)), steps=STEPS)
def test_with_any_delay_of_search_one_job_is_live_after_any_crash(
    delay: timedelta, steps: list[tuple[Launch, timedelta, str, tuple[int, str] | None]]
) -> None:
    aws = GuardedAws()
    aws.search_delay = delay
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _seconds: None)
        patch.setattr(found_jobs, "_now", lambda: aws.now)
        for launch, pause, end, crash in steps:
            aws.now += pause
            for name in aws.live() if end else ():
                aws.set_status(name, end)
            aws.crash_at = (len(aws.calls) + crash[0], crash[1]) if crash else None
            with suppress(CrashError):
                launch_once(aws, launch)
            aws.crash_at = None
            name = launch_once(aws, launch).description["TrainingJobName"]
            created = len(aws.jobs)
            assert launch_once(aws, launch).description["TrainingJobName"] == name
            assert len(aws.jobs) == created
            assert set(aws.live()) <= {name}


THROTTLED = (400, "ThrottlingException", "Rate exceeded")
FAILED = (500, "InternalFailure", "We encountered an internal error.")
EXPIRED = (400, "ExpiredTokenException", "The security token included in the request is expired")


@dataclass
class FaultyService:
    """AWS in memory behind HTTP, with faults that strike the first calls of one operation."""

    aws: FakeAws
    operation: str = ""
    faults: list[Any] = field(default_factory=list)
    """Errors to answer with, or what becomes of the answer: `hang`, `cut` or `lost`."""
    client: Any = None
    """A client as the provider has it."""
    calls: list[str] = field(default_factory=list)
    hung: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: Request, operation: str) -> None:
        fault = self.faults.pop(0) if operation == self.operation and self.faults else None
        if fault == "hang":
            self.hung.wait()
        elif fault in ("cut", "lost"):
            if fault == "lost":
                self.aws.answer_json(operation, request.json())
            request.connection.shutdown(socket.SHUT_RDWR)
        elif fault:
            status, code, message = fault
            reply_with(request, status, {"__type": code, "message": message})
        else:
            reply_with(request, *self.aws.answer_json(operation, request.json()))


@pytest.fixture
def faulty(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyService]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    faulty = FaultyService(aws)
    with service(faulty.answer) as (faulty.client, faulty.calls):
        yield faulty
        faulty.hung.set()


@pytest.mark.parametrize("operation", ["Search", "ListTrainingJobs", CREATE])
@pytest.mark.parametrize(
    "faults",
    [[THROTTLED] * 2, [FAILED] * 3, ["cut"] * 3, [FAILED, "cut", THROTTLED]],
    ids=["throttled", "failed", "cut", "all"],
)
def test_a_fault_that_passes_delays_a_launch_and_no_more(
    faulty: FaultyService, operation: str, faults: list[Any]
) -> None:
    count = len(faults)
    faulty.operation, faulty.faults = operation, faults
    launched = launch_once(faulty.client, LAUNCH)
    assert list(faulty.aws.jobs) == [launched.description["TrainingJobName"]]
    assert launched.tries == 1
    assert faulty.calls.count(operation) == count + 1


@pytest.mark.parametrize("operation", ["Search", "ListTrainingJobs", CREATE])
def test_a_call_that_hangs_is_tried_again(
    faulty: FaultyService, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_clients, "ANSWER_SECONDS", 2)
    faulty.operation, faulty.faults = operation, ["hang"]
    endpoint = {"sagemaker": faulty.client.meta.endpoint_url}
    client = AwsClients({"aws:endpoints": [endpoint]}.get).client("sagemaker", "us-east-1")
    launched = launch_once(client, LAUNCH)
    assert list(faulty.aws.jobs) == [launched.description["TrainingJobName"]]
    assert faulty.calls.count(operation) > 1


def test_a_launch_whose_answers_are_lost_is_found_and_not_repeated(faulty: FaultyService) -> None:
    faulty.operation, faulty.faults = CREATE, ["lost"]
    launched = launch_once(faulty.client, LAUNCH)
    assert list(faulty.aws.jobs) == [FIRST]
    assert launched.description["TrainingJobArn"] == faulty.aws.jobs[FIRST]["TrainingJobArn"]


def test_a_fault_that_does_not_pass_ends_the_launch(faulty: FaultyService) -> None:
    faulty.operation, faulty.faults = CREATE, [FAILED] * 20
    with pytest.raises(TrainingJobError, match="internal error"):
        launch_once(faulty.client, LAUNCH)
    assert faulty.aws.jobs == {}
    assert faulty.calls.count(CREATE) == 11


@pytest.mark.parametrize("operation", ["Search", "ListTrainingJobs", CREATE])
def test_expired_credentials_are_reported_at_once_with_the_remedy(
    faulty: FaultyService, operation: str
) -> None:
    faulty.operation, faulty.faults = operation, [EXPIRED] * 20
    launch: Callable[..., Any] = traced(launch_once)
    with pytest.raises(TrainingJobError, match="Renew them"):
        launch(faulty.client, LAUNCH)
    assert faulty.aws.jobs == {}
    assert faulty.calls.count(operation) == 1
