"""A launch over a service that shows old lists, or throttles, fails, hangs or loses answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from components.training_job.aws import aws_clients
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import TrainingJobError, traced
from components.training_job.request.job_tags import RELEASED_TAG
from components.training_job.run.launch import Launch, launch_once
from tests.components.fake_aws import FakeAws
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
    """A service whose list shows no job yet."""
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


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
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


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
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


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
def test_expired_credentials_are_reported_at_once_with_the_remedy(
    faulty: FaultyService, operation: str
) -> None:
    faulty.operation, faulty.faults = operation, [EXPIRED] * 20
    launch: Callable[..., Any] = traced(launch_once)
    with pytest.raises(TrainingJobError, match="Renew them"):
        launch(faulty.client, LAUNCH)
    assert faulty.aws.jobs == {}
    assert faulty.calls.count(operation) == 1
