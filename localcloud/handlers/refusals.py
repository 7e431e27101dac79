"""Errors in the format of the service that is called."""

from __future__ import annotations

import logging
from xml.parsers.expat import ExpatError

from botocore.model import OperationNotFoundError
from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed, NotFound

from localcloud.handlers.model_checks import malformed, mistake_in
from localcloud.protocol.errors import ServiceError, incomplete, malformed_xml, stalled
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
        signing_name = asked_service(request)
        asked = asked_of(request, signing_name)
        shown = _shown(error, asked, request, signing_name)
        return error_response(shown, request, asked.service)


def _shown(error: Exception, asked: Asked, request: Request, signing_name: str) -> ServiceError:
    """The error that the caller sees for an unexpected exception; the log has the rest."""
    service = asked.service.name
    match error:
        case ClientDisconnected():
            return incomplete()
        case TimeoutError():
            return stalled()
        case ExpatError():
            return malformed_xml()
        case NotImplementedError() | NotFound() | MethodNotAllowed() | OperationNotFoundError():
            return _missing(asked, error, request)
        case KeyError() if error.args == (request.signer.region,):
            return _no_region(request.signer.region, asked.service.protocol_of(request))
        case RecursionError():
            return malformed(request, asked.service)
    if asked.exists and (mistake := _mistake(request, asked, signing_name)):
        return mistake
    _log.error("%s %s failed", service, asked.operation, exc_info=error)
    if not asked.exists:
        return _missing(asked, error, request)
    code = "InternalError" if service in {"s3", "ec2"} else "InternalFailure"
    message = (
        f"The local cloud failed at {service} {asked.operation}: its log says why "
        f"({type(error).__name__})"
    )
    return ServiceError(code, message, 500)


def _mistake(request: Request, asked: Asked, signing_name: str) -> ServiceError | None:
    """What is wrong with a request that failed, so far as that can be found out."""
    try:
        return mistake_in(request, asked.service, signing_name)
    except Exception:
        _log.exception("%s can't be checked by its model", asked.operation)
        return None


def _no_region(region: str, protocol: str) -> ServiceError:
    """The error for a region that the service is not in."""
    code = "InvalidSignatureException" if "json" in protocol else "SignatureDoesNotMatch"
    return ServiceError(code, f"Credential should be scoped to a valid region, not '{region}'", 403)


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
