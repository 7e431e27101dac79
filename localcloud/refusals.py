"""Errors in the protocol in which a service is spoken to."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from localcloud.sagemaker.errors import ServiceError

FORM = "application/x-www-form-urlencoded"


def refuse(
    error: ServiceError, service: str, environ: dict[str, Any], start_response: Any
) -> Iterable[bytes]:
    """Answer a request to a service, named as in its signature, with an error."""
    if service in {"s3", "ec2"} or environ.get("CONTENT_TYPE", "").startswith(FORM):
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


def _xml(service: str, error: ServiceError) -> str:
    content = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    if service == "s3":
        return f"<Error>{content}</Error>"
    if service == "ec2":
        return f"<Response><Errors><Error>{content}</Error></Errors></Response>"
    return f"<ErrorResponse><Error>{content}</Error></ErrorResponse>"
