"""Serves the page, and what it shows as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from localcloud.gateway import refused
from localcloud.sagemaker.errors import ServiceError
from localcloud.sagemaker.service import TrainingService
from localcloud.status_page import jobs, objects
from localcloud.wsgi import Application, Environ, StartResponse

PATH = "/localcloud/"
_STATIC = Path(__file__).with_name("static")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_HEADERS = [
    # Nothing but the page's own files, whatever a job writes into its log.
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]
_log = logging.getLogger(__name__)

Query = dict[str, str]


class StatusPage:
    """A WSGI application that answers for the page and passes on the other requests."""

    def __init__(self, service: TrainingService, application: Application) -> None:
        self._application = application
        self._files = {
            PATH + ("" if path.name == "index.html" else path.name): path
            for path in _STATIC.iterdir()
            if path.suffix in _KINDS
        }
        self._documents: dict[str, Callable[[Query], Any]] = {
            PATH + "status": lambda _: {
                "jobs": jobs.overview(service.all_jobs()),
                "buckets": objects.buckets(),
            },
            PATH + "status/job": lambda query: jobs.detail(
                service.all_jobs(), query.get("arn", "")
            ),
            PATH + "status/objects": lambda query: objects.listing(
                query.get("bucket", ""), query.get("prefix", "")
            ),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        mine = path in self._files or path in self._documents
        if not mine or environ["REQUEST_METHOD"] != "GET" or refused(environ):
            return self._application(environ, start_response)
        if path in self._files:
            file = self._files[path]
            return _send(start_response, "200 OK", _KINDS[file.suffix], file.read_bytes())
        return self._send_document(path, environ, start_response)

    def _send_document(
        self, path: str, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        fields = parse_qs(environ.get("QUERY_STRING", ""))
        query = {name: values[0] for name, values in fields.items()}
        try:
            status, document = "200 OK", self._documents[path](query)
        except ServiceError as error:
            status, document = "404 Not Found", {"message": error.message}
        except Exception:
            _log.exception("%s failed", path)
            status = "500 Internal Server Error"
            document = {"message": "The local cloud's log says why."}
        return _send(start_response, status, "application/json", json.dumps(document).encode())


def _send(start_response: StartResponse, status: str, kind: str, body: bytes) -> Iterable[bytes]:
    length = str(len(body))
    start_response(status, [("Content-Type", kind), ("Content-Length", length), *_HEADERS])
    return [body]
