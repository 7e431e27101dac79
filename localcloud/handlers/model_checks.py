"""Checks requests to moto's services against botocore's models, before moto answers them.

AWS refuses a value that breaks the pattern, length, range or enumeration of its model, before it
does anything. moto accepts nearly every value.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from botocore.exceptions import BotoCoreError
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

from localcloud.protocol.errors import ServiceError, malformed_xml
from localcloud.protocol.operations import CBOR, Service, service_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.validation import check

_UNCHECKED = frozenset({"s3"})
"""S3's bodies are objects, which are not read here, and its model has almost no limits."""

_CODES = {
    "ec2": "InvalidParameterValue",
    "iam": "ValidationError",
    "logs": "InvalidParameterException",
    "monitoring": "ValidationError",
    "s3": "InvalidArgument",
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
        try:
            shape, parameters = _read(request, service)
        except (*_UNREADABLE, *_UNKNOWN):
            return rest(request)
        _check(shape, parameters, _CODES.get(service, _CODE))
    return rest(request)


def mistake_in(request: Request, service: Service, signing_name: str) -> ServiceError | None:
    """What is wrong with a request that a service failed at; None if nothing is, by its model."""
    if not request.has_read_body:
        request.replace_body(b"")  # an object's content, of which moto may have read a part
    try:
        shape, parameters = _read(request, signing_name)
        _check(shape, parameters, _CODES.get(signing_name, _CODE))
    except _UNREADABLE:
        return malformed(request, service)
    except _UNKNOWN:
        return None
    except ServiceError as error:
        of_s3 = service.name == "s3" and "payload" in shape.serialization and request.body
        return malformed_xml() if of_s3 else error
    return None if _is_the_models_xml(request.body, shape) else malformed(request, service)


def malformed(request: Request, service: Service) -> ServiceError:
    """The error for a request that can't be read."""
    protocol = service.protocol_of(request)
    if service.name == "s3":
        return malformed_xml()
    if "json" in protocol or protocol == CBOR:
        return ServiceError("SerializationException", "The request can't be read")
    return ServiceError("MalformedInput", "The request can't be read")


def _is_the_models_xml(body: bytes, shape: Any) -> bool:
    """Whether a body that has to be XML has the right root, and declares no entities."""
    payload = shape.serialization.get("payload") if shape is not None else None
    root = shape.members[payload].serialization.get("name") if payload else None
    if not root or not body:
        return True
    tag = ElementTree.fromstring(body).tag  # noqa: S314 - expat limits what entities expand to
    return tag.rpartition("}")[2] == root and b"<!ENTITY" not in body


def _check(shape: Any, parameters: dict[str, Any], code: str) -> None:
    if shape is not None:
        check(parameters, shape, lambda message: ServiceError(code, message))


def _read(request: Request, signing_name: str) -> tuple[Any, dict[str, Any]]:
    """The shape of a request and its parameters, by the model of its service.

    Raises one of _UNREADABLE if it can't be read, and one of _UNKNOWN if there is no model of it.
    """
    http = MotoRequest({**request.environ, "wsgi.input": io.BytesIO(request.body)})
    body = http.get_data(cache=True, parse_form_data=False)
    operation, in_path = get_service_router(service_of(request, signing_name).name).match(http)
    protocol = determine_request_protocol(operation.service_model, http.content_type)
    parameters = PROTOCOL_PARSERS[protocol](operation).parse(
        {
            "method": http.method,
            "values": http.values,
            "headers": http.headers,
            "body": body,
            "url_path": http.path,
            "url_params": in_path,
        }
    )
    if signing_name == "sqs" and http.path != "/":
        parameters.setdefault("QueueUrl", http.base_url)  # older clients name it only there
    return operation.input_shape, _given(operation.input_shape, parameters)


def _given(shape: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without lists and maps that the URL and the headers do not have.

    moto reads them as empty ones, which the model may not allow.
    """
    members = shape.members if shape is not None else {}
    return {
        name: value
        for name, value in parameters.items()
        if value or name not in members or "location" not in members[name].serialization
    }


_UNREADABLE = (AttributeError, RecursionError, RequestParserError, TypeError, ValueError)
_UNKNOWN = (
    BotoCoreError,  # a service that botocore doesn't know
    LookupError,
    NotFound,
    NotImplementedError,
)
