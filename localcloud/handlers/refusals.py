"""Errors in the format of the service that is called."""

from __future__ import annotations

import logging
from xml.parsers.expat import ExpatError

from botocore.model import OperationNotFoundError
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed, NotFound

from localcloud.protocol.errors import ServiceError, incomplete, malformed_xml
from localcloud.protocol.operations import Asked, asked_of, asked_service, service_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.responses import error_response

_MISSING = 400
"""The status of what the local cloud lacks. 501 would fit better, but the SDK for Ruby retries
every status from 500 on; most others retry 500, 502, 503 and 504."""
_log = logging.getLogger(__name__)


def answer_errors(request: Request, rest: Answer) -> Response:
    """Answers an error that a later handler raises, in the format of the service."""
    try:
        return rest(request)
    except ServiceError as error:
        return error_response(error, request, service_of(request, asked_service(request)))
    except Exception as error:
        asked = asked_of(request, asked_service(request))
        return error_response(_shown(error, asked, request), request, asked.service)


def _shown(error: Exception, asked: Asked, request: Request) -> ServiceError:
    """The error that the caller sees for an unexpected exception; the log has the rest."""
    service = asked.service.name
    match error:
        case ClientDisconnected():
            return incomplete()
        case ExpatError():
            return malformed_xml()
        case NotImplementedError() | NotFound() | MethodNotAllowed() | OperationNotFoundError():
            return _missing(asked, error, request)
        case RecursionError() | ValueError() if asked.service.protocol_of(
            request
        ) == "rest-json" and (problem := _json_problem(request)):
            return problem
    _log.error("%s %s failed", service, asked.operation, exc_info=error)
    if not asked.exists:
        return _missing(asked, error, request)
    code = "InternalError" if service in {"s3", "ec2"} else "InternalFailure"
    message = (
        f"The local cloud failed at {service} {asked.operation}: its log says why "
        f"({type(error).__name__})"
    )
    return ServiceError(code, message, 500)


def _json_problem(request: Request) -> ServiceError | None:
    try:
        _ = request.document
    except ServiceError as error:
        return error
    return None


def _missing(asked: Asked, error: Exception, request: Request) -> ServiceError:
    """The error for an operation that AWS, or only the local cloud, does not have."""
    name = f"{asked.service.name} {asked.operation}"
    if asked.exists and isinstance(error, NotImplementedError) and _is_of_a_part(error):
        message = f"The local cloud does not have all of {name}: {error}"
        return ServiceError("NotImplemented", message, _MISSING)
    if asked.exists:
        return ServiceError("NotImplemented", f"The local cloud does not have {name}", _MISSING)
    if asked.service.name == "s3":
        message = "The specified method is not allowed against this resource."
        return ServiceError("MethodNotAllowed", message, 405)
    by_action = asked.service.protocol_of(request) in {"query", "ec2"}
    code = "InvalidAction" if by_action else "UnknownOperationException"
    return ServiceError(code, f"AWS does not have {name}, as far as botocore knows")


def _is_of_a_part(error: NotImplementedError) -> bool:
    """Whether moto has the operation, but not all that this request needs."""
    return bool(error.args) and not str(error).endswith("action has not been implemented")
