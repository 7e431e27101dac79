"""A service on loopback that takes the place of SageMaker and STS, and what it answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from components.training_job.aws.aws_clients import AwsClients


class Request(BaseHTTPRequestHandler):
    """One request to the service, and the connection to answer it on."""

    body: str

    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body)

    def log_message(self, *_: Any) -> None:
        pass


Answer = Callable[[Request, str], None]


@contextmanager
def service(answer: Answer, **settings: Any) -> Iterator[tuple[Any, list[str]]]:
    """A SageMaker client with more settings, and the operations that have reached its service."""
    reached: list[str] = []

    class Handler(Request):
        def do_POST(self) -> None:
            self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            reached.append(target or self.form()["Action"][0])
            answer(self, reached[-1])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_STS", url)
            clients = AwsClients(({"aws:endpoints": [{"sagemaker": url}]} | settings).get)
            yield clients.client("sagemaker", "us-east-1"), reached
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(request: Request, _operation: str) -> None:
    """Answers with nothing but success."""
    reply_with(request, 200, {})


def reply_with(request: Request, status: int, document: dict[str, Any]) -> None:
    """Answers with JSON; times are in seconds."""
    reply(request, status, json.dumps(document, default=lambda time: time.timestamp()))


def reply(request: Request, status: int, content: str) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content.encode())


def grant(request: Request, key: str) -> None:
    """Answers AssumeRole with a key."""
    credentials = (
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"
    )
    result = f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>"
    reply(request, 200, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")


def called(process: Path) -> int:
    """How often a credential process was called."""
    return len(process.read_text().splitlines())
