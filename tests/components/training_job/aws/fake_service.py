"""A service on loopback that stands in for SageMaker and STS, and what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from components.training_job.aws.aws_clients import AwsClients

Answer = Callable[[BaseHTTPRequestHandler, str], None]


@contextmanager
def service(
    answer: Answer, sent: list[dict[str, list[str]]] | None = None, /, **more: Any
) -> Iterator[tuple[Any, list[str]]]:
    """A SageMaker client with more settings, and the operations that have reached its service.

    `sent` collects the forms that the requests to STS hold.
    """
    reached: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            reached.append(target or parse_qs(body)["Action"][0])
            if sent is not None:
                sent.append(parse_qs(body))
            answer(self, reached[-1])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    settings = {"aws:endpoints": [{"sagemaker": url}]} | more
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL_STS", url)
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


def reply(handler: BaseHTTPRequestHandler, status: int, content: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content.encode())


def grant(handler: BaseHTTPRequestHandler, key: str) -> None:
    """Answer AssumeRole with a key."""
    credentials = (
        f"<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration>"
    )
    result = f"<AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult>"
    reply(handler, 200, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>")


def called(process: Path) -> int:
    return len(process.read_text().splitlines())
