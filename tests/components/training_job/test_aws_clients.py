"""The clients of the dynamic providers: whose credentials they use, and when they send nothing."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from components.training_job import aws_clients
from components.training_job.aws_clients import AwsClients, EngineGoneError, read_anew

Answer = Callable[[BaseHTTPRequestHandler, str], None]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A living engine, as far as this process knows; dead once it is closed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr(sys, "argv", ["host", f"127.0.0.1:{listener.getsockname()[1]}"])
        yield listener


@contextmanager
def service(answer: Answer) -> Iterator[tuple[Any, list[str]]]:
    """A SageMaker client, and the operations that have reached its service."""
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            reached.append(self.headers["X-Amz-Target"].rpartition(".")[2])
            answer(self, reached[-1])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = {"aws:endpoints": [{"sagemaker": f"http://127.0.0.1:{server.server_port}"}]}
    try:
        yield AwsClients(settings.get).client("sagemaker", "us-east-1"), reached
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, _operation: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "2")
    handler.end_headers()
    handler.wfile.write(b"{}")


@pytest.mark.usefixtures("engine")
def test_a_living_engine_is_served() -> None:
    with service(send) as (client, reached):
        client.stop_training_job(TrainingJobName="job")
    assert reached == ["StopTrainingJob"]


def test_nothing_is_written_once_the_engine_is_gone_and_reading_is_harmless(
    engine: socket.socket,
) -> None:
    engine.close()
    with service(send) as (client, reached):
        with pytest.raises(EngineGoneError, match="StopTrainingJob was not sent"):
            client.stop_training_job(TrainingJobName="job")
        client.list_training_jobs()
    assert reached == ["ListTrainingJobs"]


def test_a_lost_write_is_not_repeated_once_the_engine_is_gone(engine: socket.socket) -> None:
    def lose(handler: BaseHTTPRequestHandler, _operation: str) -> None:
        engine.close()
        handler.connection.shutdown(socket.SHUT_RDWR)

    with service(lose) as (client, reached), pytest.raises(EngineGoneError):
        client.stop_training_job(TrainingJobName="job")
    assert reached == ["StopTrainingJob"]


def keys(path: Path, number: int) -> None:
    path.write_text(
        f"[team]\naws_access_key_id = key{number}\naws_secret_access_key = secret\n"
        "aws_session_token = token\n"
    )


@pytest.mark.parametrize(("seconds", "read_again"), [(0, True), (300, False)])
def test_a_temporary_key_in_a_file_is_read_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: int, read_again: bool
) -> None:
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setattr(aws_clients, "READ_AGAIN_SECONDS", seconds)
    keys(tmp_path / "credentials", 1)
    session = read_anew(lambda: boto3.session.Session(profile_name="team"))
    assert session.get_credentials().get_frozen_credentials().access_key == "key1"
    keys(tmp_path / "credentials", 2)
    used = session.get_credentials().get_frozen_credentials().access_key
    assert used == ("key2" if read_again else "key1")


def test_a_permanent_key_is_left_as_it_is() -> None:
    session = read_anew(boto3.session.Session)
    assert session.get_credentials().method == "env"
    assert session.get_credentials().token is None
