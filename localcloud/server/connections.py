"""One connection to the server: it waits for a request only so long, and never answers a page."""

from __future__ import annotations

import io
import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from moto.moto_server.werkzeug_app import MotoRequestHandler

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import asked_service, service_of
from localcloud.protocol.requests import Request
from localcloud.protocol.responses import error_response

_MOST_UNREAD = 10_000_000
"""The most bytes of a refused request that are read, so that its sender sees the answer."""
_LINGER_SECONDS = 1.0


class Connection(MotoRequestHandler):  # type: ignore[misc]
    """Answers a request that is not HTTP, or too large, with an error of its service."""

    timeout = 60.0
    """The longest pause of a sender within a request, in seconds."""
    rfile: Any

    def log_request(self, *_: Any) -> None:
        """Logs no request."""

    def run_wsgi(self) -> None:
        """Answers a request, of which the connection keeps nothing while it waits for the next."""
        super().run_wsgi()
        self.environ.clear()

    def parse_request(self) -> bool:
        """Reads the request's head; answers it and returns False if it is not valid."""
        file, lines = self.rfile, _Lines(self.rfile)
        self.rfile = lines
        self._head = lines.kept
        try:
            if not super().parse_request():
                return False
            urlsplit(self.path)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST, f"Not the address of a resource: {self.path}")
            return False
        finally:
            self.rfile = file
        return True

    def send_response(self, *arguments: Any) -> None:
        """Begins an answer, whose reader may take its time."""
        self.connection.settimeout(None)
        super().send_response(*arguments)

    def send_error(self, code: int, message: str | None = None, _: str | None = None) -> None:
        """Refuses a request whose head can't be read, as far as it shows the service."""
        status = HTTPStatus(code)
        name = status.phrase.replace(" ", "").replace("-", "")
        refusal = 400 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else int(status)
        request = Request(_environ(getattr(self, "_head", [])))
        error = ServiceError(name, message or status.description, refusal)
        response = error_response(error, request, service_of(request, asked_service(request)))
        # Otherwise an answer to an unknown version would have no head.
        self.request_version = self.protocol_version
        self.send_response(refusal, name)
        for header in (*response.headers, ("Connection", "close")):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(b"".join(response.body))
        self.close_connection = True
        self._discard_the_rest()

    def _discard_the_rest(self) -> None:
        """Reads what is still sent: a connection that is closed before loses its last answer."""
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_SECONDS)
            unread = _MOST_UNREAD
            while unread > 0 and (data := self.connection.recv(65_536)):
                unread -= len(data)


class _Lines:
    """A file whose lines are kept as they are read."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.kept: list[bytes] = []

    def readline(self, limit: int) -> bytes:
        """Reads the next line, up to a number of bytes."""
        line: bytes = self._file.readline(limit)
        self.kept.append(line)
        return line


def _environ(head: list[bytes]) -> dict[str, Any]:
    """A request with the headers of a head, which may be incomplete or wrong."""
    headers = [line.decode("latin-1").partition(":") for line in head if b":" in line]
    return {
        "REQUEST_METHOD": "POST",
        "wsgi.input": io.BytesIO(),
        **{f"HTTP_{name.upper().replace('-', '_')}": value.strip() for name, _, value in headers},
    }
