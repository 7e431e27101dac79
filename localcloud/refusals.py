"""Errors in the form of the service that is asked, whatever comes of a request."""

from __future__ import annotations

import gzip
import json
import logging
import uuid
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from xml.parsers.expat import ExpatError

from botocore.model import OperationNotFoundError

from localcloud.authorization.signatures import signer_of
from localcloud.operations import CBOR, Asked, Service, asked_of, is_cbor, operation_of, service_of
from localcloud.s3_requests import malformed_xml
from localcloud.sagemaker.errors import ServiceError
from localcloud.wsgi import (
    Application,
    Environ,
    StartResponse,
    body_of,
    incomplete,
    is_form,
    length_of,
    replace_body,
)

_MISSING = 400
"""The status of what the local cloud lacks. 501 would say it better, but the SDK for Ruby tries
again at every status from 500 on; most others do at 500, 502, 503 and 504."""
_log = logging.getLogger(__name__)


class Refusing:
    """A WSGI application that answers in the service's form for another one that raises errors."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            _check_body(environ)
        except ServiceError as error:
            # What is there of it tells nothing more.
            replace_body(environ, b"")
            return _refuse(error, environ, start_response)
        try:
            return self._application(environ, start_response)
        except ServiceError as error:
            return _refuse(error, environ, start_response)
        except Exception as error:
            asked = asked_of(environ, _signing_name(environ))
            told = _told(error, asked, environ)
            return _refuse(told, environ, start_response, asked.service)


def _refuse(
    error: ServiceError,
    environ: Environ,
    start_response: StartResponse,
    service: Service | None = None,
) -> list[bytes]:
    """Answer a request with an error, as a service does, or the one that its signature names."""
    service = service or service_of(environ, _signing_name(environ))
    headers, body = _serialized(error, service, service.protocol_of(environ))
    lengths = {"Content-Length": str(len(body)), "x-amzn-RequestId": str(uuid.uuid4())}
    start_response(f"{error.status} {error.code}", list({**headers, **lengths}.items()))
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _signing_name(environ: Environ) -> str:
    """Return the service that a signature names; what is wrong may be the signature itself."""
    try:
        return signer_of(environ).service
    except ServiceError:
        return "" if operation_of(environ) else "s3"


def _check_body(environ: Environ) -> None:
    """Raise ServiceError for a body that is not what it says it is; decompress it."""
    length_of(environ)
    if _signing_name(environ) == "s3":
        if environ.get("wsgi.input_terminated"):
            body_of(environ)
        return
    body = body_of(environ)
    if environ.get("HTTP_CONTENT_ENCODING") == "gzip":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise ServiceError("MalformedHttpRequestException", "The body is no gzip") from error
        replace_body(environ, body)
        del environ["HTTP_CONTENT_ENCODING"]
    if "HTTP_X_AMZ_TARGET" in environ and not is_cbor(environ):
        problem = _json_problem(body)
    else:
        problem = _form_problem(body) if is_form(environ) and operation_of(environ) else None
    if problem:
        raise problem


def _json_problem(body: bytes) -> ServiceError | None:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return ServiceError("SerializationException", "The request is no JSON document")
    if isinstance(document, dict):
        return None
    return ServiceError("SerializationException", "The request is no JSON object")


def _form_problem(body: bytes) -> ServiceError | None:
    try:
        body.decode()
    except UnicodeDecodeError:
        return ServiceError("MalformedQueryString", "The form is not in UTF-8")
    return None


def _told(error: Exception, asked: Asked, environ: Environ) -> ServiceError:
    """Return what the caller sees of an error that is none of a service's; the log has the rest."""
    from werkzeug.exceptions import ClientDisconnected, MethodNotAllowed, NotFound

    service = asked.service.name
    match error:
        case ClientDisconnected():
            return incomplete()
        case ExpatError():
            return malformed_xml()
        case NotImplementedError() | NotFound() | MethodNotAllowed() | OperationNotFoundError():
            return _missing(asked, error, environ)
        case RecursionError() | ValueError() if _speaks_json(asked.service, environ):
            if problem := _json_problem(body_of(environ)):
                return problem
    _log.error("%s %s failed", service, asked.operation, exc_info=error)
    if not asked.exists:
        return _missing(asked, error, environ)
    code = "InternalError" if service in {"s3", "ec2"} else "InternalFailure"
    message = (
        f"The local cloud failed at {service} {asked.operation}: its log says why "
        f"({type(error).__name__})"
    )
    return ServiceError(code, message, 500)


def _speaks_json(service: Service, environ: Environ) -> bool:
    return service.protocol_of(environ) == "rest-json"


def _missing(asked: Asked, error: Exception, environ: Environ) -> ServiceError:
    """Return the error for an operation that AWS, or only the local cloud, does not have."""
    name = f"{asked.service.name} {asked.operation}"
    if asked.exists and isinstance(error, NotImplementedError) and _is_of_a_part(error):
        message = f"The local cloud does not have all of {name}: {error}"
        return ServiceError("NotImplemented", message, _MISSING)
    if asked.exists:
        return ServiceError("NotImplemented", f"The local cloud does not have {name}", _MISSING)
    if asked.service.name == "s3":
        message = "The specified method is not allowed against this resource."
        return ServiceError("MethodNotAllowed", message, 405)
    by_action = asked.service.protocol_of(environ) in {"query", "ec2"}
    code = "InvalidAction" if by_action else "UnknownOperationException"
    return ServiceError(code, f"AWS does not have {name}, as far as botocore knows")


def _is_of_a_part(error: NotImplementedError) -> bool:
    """Tell whether moto has an operation, and lacks only what this request asks of it."""
    return bool(error.args) and not str(error).endswith("action has not been implemented")


def _serialized(
    error: ServiceError, service: Service, protocol: str
) -> tuple[Mapping[str, str], bytes]:
    """Return the headers and the body of an error in a service's protocol."""
    if protocol == CBOR:
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return headers, _cbor({"__type": error.code, "message": error.message})
    from moto.core.model import OperationModel, ServiceModel
    from moto.core.serialize import SerializationContext, get_serializer_class

    # Without its name and shapes, since moto warns of errors that a service's model has not.
    metadata = {**service.metadata, "protocol": protocol}
    metadata.pop("serviceId", None)
    # moto writes "Message" only, as in XML; most services' JSON has "message".
    shapes = _error_shapes(error.code) if "json" in protocol else {}
    model = ServiceModel({"metadata": metadata, "operations": {}, "shapes": shapes}, service.name)
    serializer = get_serializer_class(service.name, protocol)
    context = SerializationContext(str(uuid.uuid4()))
    answer: Any = serializer(OperationModel({}, model), context).serialize(error)
    return answer["headers"], answer["body"].encode()


def _error_shapes(code: str) -> Mapping[str, Any]:
    members = {"message": {"shape": "Text"}}
    shape = {"type": "structure", "exception": True, "members": members, "error": {"code": code}}
    return {code: shape, "Text": {"type": "string"}}


def _cbor(document: Mapping[str, str]) -> bytes:
    """Return a small map of texts as CBOR (RFC 8949)."""
    texts = [text.encode() for item in document.items() for text in item]
    return bytes([0xA0 + len(document)]) + b"".join(
        b"\x79" + len(text).to_bytes(2, "big") + text for text in texts
    )
