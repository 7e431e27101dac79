"""A request and an answer as handlers see them, and the chain of handlers."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from localcloud.protocol import forms, signatures
from localcloud.protocol.errors import ServiceError, incomplete, stalled
from localcloud.protocol.forms import Form
from localcloud.protocol.signatures import Signer
from localcloud.protocol.whole_numbers import is_whole_number

Environ = dict[str, Any]
"""A request as WSGI has it."""

_FORM = "application/x-www-form-urlencoded"
"""The content type of a request to a service that speaks AWS's query protocol."""
_RPC_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")


class Request:
    """One request. What is expensive to read, or read by several handlers, is read once."""

    def __init__(self, environ: Environ) -> None:
        self.environ = environ

    @property
    def method(self) -> str:
        """GET, POST and the like."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """The path of its URL, as WSGI has it."""
        return str(self.environ.get("PATH_INFO", ""))

    @property
    def query(self) -> str:
        """The query of its URL."""
        return str(self.environ.get("QUERY_STRING", ""))

    def header(self, name: str) -> str:
        """A header; empty without it."""
        return str(self.environ.get(f"HTTP_{name.upper().replace('-', '_')}") or "")

    def headers(self) -> Iterator[tuple[str, str]]:
        """Its headers, with their names in lower case; without the type and length of its body."""
        for name, value in self.environ.items():
            if name.startswith("HTTP_"):
                yield name.removeprefix("HTTP_").lower().replace("_", "-"), str(value)

    def set_header(self, name: str, value: str) -> None:
        """Adds a header, or replaces it."""
        self.environ[f"HTTP_{name.upper().replace('-', '_')}"] = value

    def remove_header(self, name: str) -> None:
        """Removes a header that it has."""
        del self.environ[f"HTTP_{name.upper().replace('-', '_')}"]

    @property
    def target(self) -> str:
        """The value of the header X-Amz-Target, as SageMaker.ListTags; empty without it."""
        return self.header("X-Amz-Target")

    @property
    def has_target(self) -> bool:
        """Whether it has the header X-Amz-Target, though it may be empty."""
        return "HTTP_X_AMZ_TARGET" in self.environ

    @property
    def is_cbor(self) -> bool:
        """Whether its protocol has CBOR documents."""
        return "HTTP_SMITHY_PROTOCOL" in self.environ

    @property
    def is_form(self) -> bool:
        """Whether its body is a form of AWS's query protocol."""
        return str(self.environ.get("CONTENT_TYPE", "")).startswith(_FORM)

    @property
    def operation(self) -> str:
        """The operation that it names; empty for S3, and for operations that the path names."""
        if self.target:
            return self.target.rpartition(".")[2]
        if self.is_cbor and (named := _RPC_PATH.search(self.path)):
            return named[1]
        return self.parameters.get("Action", "")

    @property
    def parameters(self) -> dict[str, str]:
        """Its parameters in AWS's query protocol, from its URL and its form."""
        text = self.query
        if self.method == "POST" and self.is_form:
            text = f"{text}&{self.body.decode(errors='replace')}"
        return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}

    @cached_property
    def signer(self) -> Signer:
        """Who signed it. Raises ServiceError if the signature is malformed or has expired."""
        query = dict(parse_qsl(self.query, keep_blank_values=True))
        return signatures.signer(
            authorization=self.header("Authorization"),
            date=self.header("X-Amz-Date") or self.header("Date"),
            token=self.header("X-Amz-Security-Token"),
            query={name.lower(): value for name, value in query.items()},
            form=lambda: self.form.fields if self.form is not None else {},
            names_operation=lambda: bool(self.operation),
        )

    @cached_property
    def form(self) -> Form | None:
        """The browser's form, if the request uploads to S3 with one. Raises ServiceError."""
        content_type = str(self.environ.get("CONTENT_TYPE", ""))
        if self.method != "POST" or not content_type.startswith(forms.CONTENT_TYPE):
            return None
        return forms.parse(content_type, self.body)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Its JSON object; empty without a body. Raises ServiceError for anything else."""
        try:
            document = json.loads(self.body or b"{}")
        except (ValueError, RecursionError) as error:
            message = "The request is not a JSON document"
            raise ServiceError("SerializationException", message) from error
        if not isinstance(document, dict):
            raise ServiceError("SerializationException", "The request is not a JSON object")
        return document

    @property
    def has_read_body(self) -> bool:
        """Whether its body was read, and can be read again."""
        return isinstance(self.environ["wsgi.input"], io.BytesIO)

    @property
    def body(self) -> bytes:
        """Its body, which can be read again.

        Raises ServiceError for a body whose length is not a number, that ends too early, or whose
        sender has paused for too long.
        """
        stream = self.environ["wsgi.input"]
        if isinstance(stream, io.BytesIO):
            return stream.getvalue()
        length = None if self.comes_in_chunks else self.length
        try:
            body: bytes = stream.read() if length is None else stream.read(length)
        except TimeoutError as error:
            raise stalled() from error
        except OSError as error:
            raise incomplete() from error
        if length is not None and len(body) < length:
            raise incomplete()
        self.replace_body(body)
        return body

    def replace_body(self, body: bytes) -> None:
        """Gives it another body."""
        self.environ["wsgi.input"] = io.BytesIO(body)
        # It ends, so that moto need not copy it piece by piece.
        self.environ["wsgi.input_terminated"] = True
        self.environ["CONTENT_LENGTH"] = str(len(body))

    @property
    def comes_in_chunks(self) -> bool:
        """Whether no header says how long its body is."""
        return bool(self.environ.get("wsgi.input_terminated"))

    @property
    def length(self) -> int:
        """The bytes of its body, as its header says; 0 without one. Raises ServiceError."""
        text = self.environ.get("CONTENT_LENGTH") or "0"
        if not is_whole_number(text):
            message = f"Content-Length is not a number of bytes: {text[:40]!r}"
            raise ServiceError("BadRequest", message)
        return int(text)


@dataclass(frozen=True)
class Response:
    """The answer to a request."""

    status: str
    """The status line, as `200 OK`."""
    headers: Sequence[tuple[str, str]] = ()
    body: Iterable[bytes] = ()


Answer = Callable[[Request], Response]
Handler = Callable[[Request, Answer], Response]
"""Answers a request itself, raises ServiceError, or passes the request to the handlers after it."""


def application(handlers: Sequence[Handler]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application that passes requests through the handlers, in their order.

    The last handler must answer every request that reaches it.
    """
    answer: Answer = _no_answer
    for handler in reversed(handlers):
        answer = partial(_handle, handler, answer)

    def respond(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        response = answer(Request(environ))
        start_response(response.status, list(response.headers))
        return response.body

    return respond


def _handle(handler: Handler, rest: Answer, request: Request) -> Response:
    return handler(request, rest)


def _no_answer(request: Request) -> Response:
    raise NotImplementedError(f"No handler answers {request.method} {request.path}")
