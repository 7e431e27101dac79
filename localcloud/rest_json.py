"""A service of the local cloud's own that speaks AWS's REST-JSON protocol, before another one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.authorization.signatures import signer_of
from localcloud.backends import account_of
from localcloud.sagemaker.errors import ServiceError
from localcloud.sagemaker.validation import service_model
from localcloud.wsgi import Application, Environ, StartResponse, body_of

Document = dict[str, Any]
Call = Callable[[str, Document, str], Document]
"""Answers an operation's request of an account; raises ServiceError, or NotImplementedError."""


def before(application: Application, service: str, call: Call) -> Application:
    """Return an application that answers requests to a service and passes on the others.

    `service` is botocore's name of it, which is also the one in the requests' signatures; each
    of its operations must have a path of its own.
    """

    def answer(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        signer = signer_of(environ)
        if signer.service != service:
            return application(environ, start_response)
        operation = _operation(environ["PATH_INFO"], service)
        if operation is None:
            raise NotImplementedError
        document = call(operation.name, _request(environ), account_of(signer.access_key))
        status = operation.http.get("responseCode", 200)
        body = b"" if status == _NO_CONTENT else json.dumps(document).encode()
        start_response(f"{status} OK", _headers(body))
        return [body]

    return answer


_NO_CONTENT = 204


def _operation(path: str, service: str) -> Any:
    model = service_model(service)
    operations = (model.operation_model(name) for name in model.operation_names)
    return next((each for each in operations if each.http["requestUri"] == path), None)


def _request(environ: Environ) -> Document:
    try:
        document = json.loads(body_of(environ) or b"{}")
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", "The request is no JSON") from error
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request is no JSON object")
    return document


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    ]
