"""What the layers of the server pass to one another: WSGI's types, and a request's body."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

from localcloud.sagemaker.errors import ServiceError

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

FORM = "application/x-www-form-urlencoded"
"""The content type of a request to a service that speaks AWS's query protocol."""
_MOST_DIGITS = 18
"""More than any count, size or time has that a service takes."""


def is_form(environ: Environ) -> bool:
    """Tell whether a request's body is a form of AWS's query protocol."""
    return str(environ.get("CONTENT_TYPE", "")).startswith(FORM)


def body_of(environ: Environ) -> bytes:
    """Return a request's body, which the next layer can read again.

    Raises ServiceError for a body whose length is no number, and one that ends too early.
    """
    stream = environ["wsgi.input"]
    if isinstance(stream, io.BytesIO):
        return stream.getvalue()
    # Where it comes in chunks, no header says how long it is.
    length = None if environ.get("wsgi.input_terminated") else length_of(environ)
    try:
        body: bytes = stream.read() if length is None else stream.read(length)
    except OSError as error:
        raise incomplete() from error
    if length is not None and len(body) < length:
        raise incomplete()
    replace_body(environ, body)
    return body


def replace_body(environ: Environ, body: bytes) -> None:
    """Give a request another body."""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def length_of(environ: Environ) -> int:
    """Return the length of a body that its header says; 0 without. Raises ServiceError."""
    text = environ.get("CONTENT_LENGTH") or "0"
    if not is_number(text):
        raise ServiceError("BadRequest", f"Content-Length is no number of bytes: {text[:40]!r}")
    return int(text)


def is_number(text: str) -> bool:
    """Tell whether a text is a number without a sign that is not absurdly large."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def incomplete() -> ServiceError:
    """Return the error for a body that ends before its announced length."""
    return ServiceError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
    )
