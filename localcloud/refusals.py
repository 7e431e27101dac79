"""Errors in the protocol in which a service is spoken to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from xml.sax.saxutils import escape

from localcloud.authorization.signatures import signer_of
from localcloud.operations import operation_of
from localcloud.sagemaker.errors import ServiceError
from localcloud.wsgi import Environ, StartResponse, is_form


def refuse(error: ServiceError, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a request with an error, in the form of the service that is asked."""
    service = _service(environ)
    if service in {"s3", "ec2"} or is_form(environ):
        kind, text = "application/xml", _xml(service, error)
    else:
        kind = "application/x-amz-json-1.1"
        text = json.dumps({"__type": error.code, "message": error.message})
    body = text.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("x-amzn-ErrorType", error.code),
    ]
    start_response(f"{error.status} {error.code}", headers)
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


def _service(environ: Environ) -> str:
    """Return the service that is asked, of a request whose signature may be the error as well."""
    try:
        return signer_of(environ).service
    except ServiceError:
        return "" if operation_of(environ) else "s3"


def _xml(service: str, error: ServiceError) -> str:
    content = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        return f"<Error>{content}</Error>"
    if service == "ec2":
        return f"<Response><Errors><Error>{content}</Error></Errors></Response>"
    return f"<ErrorResponse><Error>{content}</Error></ErrorResponse>"
