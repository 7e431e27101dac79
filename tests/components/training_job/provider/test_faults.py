"""A launch through the AWS SDK, over a service that throttles, fails, hangs or loses answers."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from components.training_job.aws import aws_clients
from components.training_job.aws.aws_clients import AwsClients
from components.training_job.aws.errors import TrainingJobError, traced
from components.training_job.run.launch import Launch, launch_once

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
OWNER = "arn:aws:iam::123456789012:role/execution"
CREATE = "CreateTrainingJob"
REQUEST: dict[str, Any] = {
    "RoleArn": OWNER,
    "OutputDataConfig": {"S3OutputPath": "s3://artifacts/output"},
    "CheckpointConfig": {"S3Uri": "s3://artifacts/checkpoints/"},
}
LAUNCH = Launch("team-dev-job", OWNER, "0123abcd", REQUEST)
THROTTLED = (400, "ThrottlingException", "Rate exceeded")
FAILED = (500, "InternalFailure", "We encountered an internal error.")
EXPIRED = (400, "ExpiredTokenException", "The security token included in the request is expired")


@dataclass
class Service:
    """SageMaker over HTTP, with faults that strike the first calls of one operation."""

    operation: str = ""
    faults: list[Any] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    hung: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler, operation: str, body: dict[str, Any]) -> None:
        self.calls.append(operation)
        fault = self.faults.pop(0) if operation == self.operation and self.faults else None
        if fault == "hang":
            self.hung.wait()
        elif fault == "cut":
            handler.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "lost":
            self._effect(operation, body)
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            send(handler, *(refused(fault) if fault else self._effect(operation, body)))

    def _effect(self, operation: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = body.get("TrainingJobName", "")
        if operation == CREATE and name in self.jobs:
            return refused((400, "ResourceInUse", "taken"))
        if operation == CREATE:
            self.jobs[name] = body | {"TrainingJobArn": ARN + name}
            return 200, {"TrainingJobArn": ARN + name}
        if operation == "ListTags":
            return 200, {"Tags": self.jobs[body["ResourceArn"].rpartition("/")[2]]["Tags"]}
        if operation == "DescribeTrainingJob":
            status = {"TrainingJobStatus": "InProgress", "SecondaryStatus": "Starting"}
            return 200, self.jobs[name] | status
        return 200, {"TrainingJobSummaries": []}


def refused(fault: tuple[int, str, str]) -> tuple[int, dict[str, Any]]:
    status, code, message = fault
    return status, {"__type": code, "message": message}


def send(handler: BaseHTTPRequestHandler, status: int, document: dict[str, Any]) -> None:
    content = json.dumps(document).encode()
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def settings(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The settings of clients of the service, which don't wait between tries."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            service.answer(self, self.headers["X-Amz-Target"].rpartition(".")[2], body)

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {"aws:endpoints": [{"sagemaker": f"http://127.0.0.1:{server.server_port}"}]}
    service.hung.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(settings: dict[str, Any]) -> Any:
    """A client as the provider has it."""
    return AwsClients(settings.get).client("sagemaker", "us-east-1")


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
@pytest.mark.parametrize(
    "faults",
    [[THROTTLED] * 2, [FAILED] * 3, ["cut"] * 3, [FAILED, "cut", THROTTLED]],
    ids=["throttled", "failed", "cut", "all"],
)
def test_a_fault_that_passes_delays_a_launch_and_no_more(
    client: Any, service: Service, operation: str, faults: list[Any]
) -> None:
    count = len(faults)
    service.operation, service.faults = operation, faults
    launched = launch_once(client, LAUNCH)
    assert list(service.jobs) == [launched.description["TrainingJobName"]]
    assert launched.tries == 1
    assert service.calls.count(operation) == count + 1


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
def test_a_call_that_hangs_is_tried_again(
    settings: dict[str, Any], service: Service, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws_clients, "ANSWER_SECONDS", 2)
    service.operation, service.faults = operation, ["hang"]
    client = AwsClients(settings.get).client("sagemaker", "us-east-1")
    launched = launch_once(client, LAUNCH)
    assert list(service.jobs) == [launched.description["TrainingJobName"]]
    assert service.calls.count(operation) > 1


def test_a_launch_whose_answers_are_lost_is_found_and_not_repeated(
    client: Any, service: Service
) -> None:
    service.operation, service.faults = CREATE, ["lost"]
    launched = launch_once(client, LAUNCH)
    assert list(service.jobs) == ["team-dev-job-0123abcd-1"]
    assert launched.description["TrainingJobArn"] == f"{ARN}team-dev-job-0123abcd-1"


def test_a_fault_that_does_not_pass_ends_the_launch(client: Any, service: Service) -> None:
    service.operation, service.faults = CREATE, [FAILED] * 20
    with pytest.raises(TrainingJobError, match="internal error"):
        launch_once(client, LAUNCH)
    assert service.jobs == {}
    assert service.calls.count(CREATE) == 11


@pytest.mark.parametrize("operation", ["ListTrainingJobs", CREATE])
def test_expired_credentials_are_told_at_once_with_the_remedy(
    client: Any, service: Service, operation: str
) -> None:
    service.operation, service.faults = operation, [EXPIRED] * 20
    launch: Callable[..., Any] = traced(launch_once)
    with pytest.raises(TrainingJobError, match="Renew them"):
        launch(client, LAUNCH)
    assert service.jobs == {}
    assert service.calls.count(operation) == 1
