"""Requests to the local cloud itself that make no sense."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest

from tests.localcloud.cloud import Cloud

PATHS = ("faults", "interruptions", "spot", "quotas", "past-jobs")
BODIES = {
    "a number": b"5",
    "a list": b"[]",
    "no document": b"{",
    "no UTF-8": b"\xff",
    "deep": b'{"faults":' * 100_000,
    "of unknown members": b'{"fault": []}',
    "a number in place of all": b"""{"faults": 5, "job": 5, "abrupt": 5, "drought": 5,
        "interval": [], "seed": [], "name": 5, "region": 5, "value": [], "count": []}""",
    "null in place of all": b"""{"faults": null, "job": null, "abrupt": null, "drought": null,
        "interval": null, "name": null, "region": null, "value": null, "count": null}""",
    "NaN": b"""{"faults": [{"service": "s3", "answer": "real", "seconds": NaN}], "job": "a",
        "abrupt": true, "drought": NaN, "interval": NaN, "name": "a", "region": "us-east-1",
        "value": NaN, "count": NaN}""",
    "no text": b"""{"faults": [{"service": "\\ud800", "answer": "real"}], "job": "\\ud800",
        "abrupt": true, "drought": 1, "name": "\\ud800", "region": "us-east-1", "value": 1,
        "count": 1, "prefix": "\\ud800"}""",
}


def send(cloud: Cloud, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", cloud.server.port, timeout=30)
    connection.request(method, f"/localcloud/{path}", body)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


@pytest.mark.usefixtures("only_plan_of_faults")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", PATHS)
def test_whatever_is_no_document_of_its_kind_is_refused_with_a_reason(
    cloud: Cloud, path: str, body: bytes
):
    status, answer = send(cloud, "POST", path, body)

    assert status == 400
    assert b"not a" in answer


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "faults"), ("POST", "none"), ("GET", "%ff")]
)
def test_an_address_that_is_not_there_is_answered_with_those_that_are(
    cloud: Cloud, method: str, path: str
):
    status, answer = send(cloud, method, path)

    assert status == 404
    assert b"There are GET /localcloud/faults, " in answer
