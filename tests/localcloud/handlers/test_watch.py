"""Which requests may change data."""

from __future__ import annotations

import io
from typing import Any

import pytest

from localcloud.handlers.watch import only_reads
from localcloud.protocol.requests import Request

FORM = "application/x-www-form-urlencoded"


def request(method: str = "POST", target: str = "", form: str = "") -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "HTTP_X_AMZ_TARGET": target,
        "CONTENT_TYPE": FORM if form else "",
        "CONTENT_LENGTH": str(len(form)),
        "wsgi.input": io.BytesIO(form.encode()),
    }


@pytest.mark.parametrize(
    "environ",
    [
        request("GET"),
        request("HEAD"),
        request(target="SageMaker.DescribeTrainingJob"),
        request(target="SageMaker.Search"),
        request(target="Logs_20140328.GetLogEvents"),
        request(target="Logs_20140328.FilterLogEvents"),
        request(target="DynamoDB_20120810.Query"),
        request(form="Action=DescribeVpcs&Version=1"),
    ],
)
def test_a_read_is_no_change(environ: dict[str, Any]):
    assert only_reads(Request(environ))


@pytest.mark.parametrize(
    "environ",
    [
        request("PUT"),
        request("DELETE"),
        request(),
        request(target="SageMaker.CreateTrainingJob"),
        request(target="AmazonSQS.ReceiveMessage"),
        request(form="Action=CreateVpc"),
        request(form="Action=Getaway"),
        request("GET") | {"QUERY_STRING": "Action=CreateTopic&Name=a"},
    ],
)
def test_whatever_else_may_be_one(environ: dict[str, Any]):
    assert not only_reads(Request(environ))


def test_a_form_can_still_be_read_afterwards():
    environ = request(form="Action=CreateVpc")

    only_reads(Request(environ))

    assert environ["wsgi.input"].read() == b"Action=CreateVpc"
