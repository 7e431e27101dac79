"""Ways to the local cloud: servers that pass calls on, and may note, lose or change them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class PassingOn(BaseHTTPRequestHandler):
    """Passes each call on to the local cloud at `target`, and its answer back."""

    target: str
    protocol_version = "HTTP/1.1"
    # Otherwise a content waits 40 ms until the caller has acknowledged the headers.
    disable_nagle_algorithm = True

    def pass_on(self) -> None:
        """Passes one call on, and its answer back."""
        self.answer(*self.forward(self.body()))

    def body(self) -> bytes:
        """What was sent with the call."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def forward(self, body: bytes) -> tuple[HTTPResponse, bytes]:
        """The local cloud's answer, and what it holds."""
        connection = HTTPConnection(self.target)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer, content

    def answer(self, answer: HTTPResponse, content: bytes) -> None:
        """Gives the caller an answer with this content."""
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else None
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def do_DELETE(self) -> None:
        self.pass_on()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE  # noqa: N815 - the library's names

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(handler: type[PassingOn], cloud: str) -> Iterator[str]:
    """The URL at which a way to the local cloud is open."""
    handler.target = urlsplit(cloud).netloc
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False  # of connections that a frozen process leaves open
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def where_jobs_are_older(cloud: str, seconds: float) -> Iterator[str]:
    """The URL of a way to the local cloud on which each job's training began so long ago."""

    class Older(PassingOn):
        def pass_on(self) -> None:
            answer, content = self.forward(self.body())
            if self.headers.get("X-Amz-Target", "").endswith(".DescribeTrainingJob"):
                content = _older(content, time.time() - seconds)
            self.answer(answer, content)

    with served(Older, cloud) as url:
        yield url


def _older(content: bytes, start: float) -> bytes:
    """A description in which a training that began did so at `start`, in seconds of the epoch."""
    description = json.loads(content)
    if "TrainingStartTime" in description:
        description["TrainingStartTime"] = start
    return json.dumps(description).encode()
