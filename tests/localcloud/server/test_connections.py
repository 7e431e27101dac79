"""Requests that are not HTTP, are too large, or stop in the middle."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from localcloud.handlers.bodies import read_body
from localcloud.handlers.refusals import answer_errors
from localcloud.protocol.requests import Request, application
from localcloud.protocol.responses import json_response
from localcloud.server.connections import Connection
from localcloud.server.serve import listen
from localcloud.snapshots.gate import Gate
from tests.localcloud.cloud import Cloud

OF_LOGS = (
    b"Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/logs/aws4_request, "
    b"SignedHeaders=host, Signature=0\r\nX-Amz-Target: Logs_20140328.DescribeLogGroups\r\n"
)
NO_REQUESTS = {
    "an address of too many bytes": (b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
    "no address": (b"GET http://[::1/ HTTP/1.1\r\n\r\n", 400),
    "a header of too many bytes": (
        b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n",
        431,
    ),
    "too many headers": (
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % each for each in range(300)) + b"\r\n",
        431,
    ),
    "an unknown version": (b"GET / HTTP/2.0\r\n\r\n", 400),
    "no version": (b"POST /\r\n\r\n", 400),
    "too many words": (b"GET / and more HTTP/1.1\r\n\r\n", 400),
}


def exchange(port: int, sent: bytes, *, end: bool = True) -> tuple[int, bytes]:
    """Sends bytes, and returns the status and the body of the answer."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        connection.sendall(sent)
        if end:
            connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_refused_without_a_page(cloud: Cloud, name: str):
    sent, status = NO_REQUESTS[name]

    refused, body = exchange(cloud.server.port, sent)

    # Nothing names a service: it is most likely S3.
    assert refused == status
    assert body.startswith(b"<?xml")
    assert b"<Error><Code>" in body


def test_headers_that_are_too_large_are_refused_in_their_services_form(cloud: Cloud):
    long = b"X-Long: " + b"a" * 70_000 + b"\r\n"

    status, body = exchange(cloud.server.port, b"POST / HTTP/1.1\r\n" + OF_LOGS + long + b"\r\n")

    assert status == 431
    assert json.loads(body)["__type"] == "RequestHeaderFieldsTooLarge"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that waits a tenth of a second for the next part of a request."""
    monkeypatch.setattr(Connection, "timeout", 0.1)
    server = listen(0, Gate())

    def answer(_request: Request, _rest: object) -> object:
        return json_response("200 OK", {})

    server.app = application([answer_errors, read_body, answer])  # type: ignore[list-item]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_sender_that_stops_in_the_middle_of_a_body_is_answered(impatient: int):
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n"

    status, body = exchange(impatient, head + OF_LOGS + b"\r\n{}", end=False)

    assert status == 400
    assert json.loads(body)["__type"] == "RequestTimeout"
