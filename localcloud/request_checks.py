"""Checks requests to moto's services against botocore's models, before moto answers them.

moto takes nearly every value, where AWS refuses what breaks the pattern, the length, the range or
the enumeration of its model, before it does anything.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import BotoCoreError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from localcloud.authorization.signatures import signer_of
from localcloud.operations import service_of
from localcloud.sagemaker.errors import ServiceError
from localcloud.sagemaker.validation import check
from localcloud.wsgi import Application, Environ, StartResponse, body_of

_UNCHECKED = frozenset({"s3"})
"""S3's bodies are objects, which are not read here, and its model limits next to nothing."""

_CODES = {
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "monitoring": "ValidationError",
    "sns": "InvalidParameter",
    "sts": "ValidationError",
}
_CODE = "ValidationException"


def before(application: Application) -> Application:
    """Return an application that raises ServiceError for what breaks its service's model.

    A request that can't be read is passed on too: saying so is the service's own part.
    """

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        service = signer_of(environ).service
        if service and service not in _UNCHECKED:
            _check(environ, service)
        return application(environ, start_response)

    return answer


def _check(environ: Environ, service: str) -> None:
    request = Request({**environ, "wsgi.input": io.BytesIO(body_of(environ))})
    try:
        shape, parameters = _read(request, service_of(environ, service).name)
    except _UNREADABLE:
        return
    if service == "sqs" and request.path != "/":
        parameters.setdefault("QueueUrl", request.base_url)  # its older clients name it there only
    code = _CODES.get(service, _CODE)
    if shape is not None:
        check(parameters, shape, lambda message: ServiceError(code, message))


def _read(request: Request, service: str) -> tuple[Any, dict[str, Any]]:
    """Return the shape of a request and its parameters; raise one of _UNREADABLE if it has none."""
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
