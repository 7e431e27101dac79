"""Requests, and how handlers follow one another: without a server."""

from __future__ import annotations

import io
from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Answer, Request, Response, application


def environ(body: bytes = b"", **changes: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **changes,
    }


def test_handlers_follow_one_another_and_see_the_answer_that_comes_back():
    seen = []

    def first(request: Request, rest: Answer) -> Response:
        seen.append("first")
        response = rest(request)
        return Response(response.status, [("X-First", "1")], response.body)

    def second(_request: Request, _rest: Answer) -> Response:
        seen.append("second")
        return Response("200 OK", body=[b"answer"])

    def third(_request: Request, _rest: Answer) -> Response:
        raise AssertionError("the one before has answered")

    started: list[Any] = []
    body = application([first, second, third])(environ(), lambda *given: started.extend(given))

    assert seen == ["first", "second"]
    assert started == ["200 OK", [("X-First", "1")]]
    assert b"".join(body) == b"answer"


def test_a_request_that_no_handler_answers_is_an_error():
    with pytest.raises(NotImplementedError, match="POST /"):
        application([lambda request, rest: rest(request)])(environ(), lambda *_: None)


def test_the_document_is_read_once_and_is_empty_without_a_body():
    request = Request(environ(b'{"name": "job"}'))

    assert request.document == {"name": "job"}
    assert request.document is request.document
    assert request.body == b'{"name": "job"}'
    assert Request(environ()).document == {}


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes):
    with pytest.raises(ServiceError, match="The request is not a JSON"):
        _ = Request(environ(body)).document


@pytest.mark.parametrize(
    ("changes", "operation"),
    [
        ({"HTTP_X_AMZ_TARGET": "SageMaker.ListTags"}, "ListTags"),
        ({"QUERY_STRING": "Action=CreateTopic&Name=a"}, "CreateTopic"),
        (
            {"HTTP_SMITHY_PROTOCOL": "rpc-v2-cbor", "PATH_INFO": "/service/Logs/operation/GetLogs"},
            "GetLogs",
        ),
        ({"PATH_INFO": "/bucket/key"}, ""),
    ],
)
def test_the_operation_is_named_by_the_target_the_parameters_or_the_path(
    changes: dict[str, Any], operation: str
):
    assert Request(environ(**changes)).operation == operation
