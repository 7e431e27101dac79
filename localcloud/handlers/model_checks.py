"""Checks requests to moto's services against botocore's models, before moto answers them.

AWS refuses a value that breaks the pattern, length, range or enumeration of its model, before it
does anything. moto accepts nearly every value.
"""

from __future__ import annotations

import io
from typing import Any

from botocore.exceptions import BotoCoreError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import service_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.validation import check

_UNCHECKED = frozenset({"s3"})
"""S3's bodies are objects, which are not read here, and its model has almost no limits."""

_CODES = {
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "monitoring": "ValidationError",
    "sns": "InvalidParameter",
    "sts": "ValidationError",
}
_CODE = "ValidationException"


def check_model(request: Request, rest: Answer) -> Response:
    """Raises ServiceError for a request that breaks its service's model.

    A request that can't be read is passed on too: the service itself refuses it.
    """
    service = request.signer.service
    if service and service not in _UNCHECKED:
        _check(request, service)
    return rest(request)


def _check(request: Request, service: str) -> None:
    http = MotoRequest({**request.environ, "wsgi.input": io.BytesIO(request.body)})
    try:
        shape, parameters = _read(http, service_of(request, service).name)
    except _UNREADABLE:
        return
    if service == "sqs" and http.path != "/":
        parameters.setdefault("QueueUrl", http.base_url)  # older clients name it only there
    code = _CODES.get(service, _CODE)
    if shape is not None:
        check(parameters, shape, lambda message: ServiceError(code, message))


def _read(request: MotoRequest, service: str) -> tuple[Any, dict[str, Any]]:
    """The shape of a request and its parameters. Raises one of _UNREADABLE if it can't be read."""
    body = request.get_data(cache=True, parse_form_data=False)
    operation, in_path = get_service_router(service).match(request)
    protocol = determine_request_protocol(operation.service_model, request.content_type)
    parameters = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": body,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return operation.input_shape, parameters


_UNREADABLE = (
    AttributeError,
    BotoCoreError,  # a service that botocore doesn't know
    LookupError,
    NotFound,
    NotImplementedError,
    RequestParserError,
    TypeError,
    ValueError,
)
