"""Serves the page's files, and its data as JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.tuning.tuning_service import TuningService
from localcloud.status_page import jobs, objects, tunings

PATH = "/localcloud/"
_STATIC = Path(__file__).with_name("static")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
_HEADERS = [
    # Only the page's own files are loaded, whatever a job writes into its log.
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
    """The handler for the page and its data."""

    def __init__(self, service: TrainingService, tuning: TuningService) -> None:
        self._files = {
            PATH + ("" if path.name == "index.html" else path.name): path
            for path in _STATIC.iterdir()
            if path.suffix in _KINDS
        }
        self._documents: dict[str, Callable[[Query], Any]] = {
            PATH + "status": lambda _: {
                "jobs": jobs.overview(service.all_jobs()),
                "tunings": tunings.overview(tuning.all_jobs()),
                "buckets": objects.buckets(),
            },
            PATH + "status/job": lambda query: jobs.detail(
                service.all_jobs(), query.get("arn", "")
            ),
            PATH + "status/tuning": lambda query: tunings.detail(
                tuning.all_jobs(), query.get("arn", "")
            ),
            PATH + "status/objects": lambda query: objects.listing(
                query.get("bucket", ""), query.get("prefix", "")
            ),
        }

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Answers a request to read one of the page's files or documents."""
        if request.method == "GET" and request.path in self._files:
            file = self._files[request.path]
            return _send("200 OK", _KINDS[file.suffix], file.read_bytes())
        if request.method == "GET" and request.path in self._documents:
            return self._send_document(request)
        return rest(request)

    def _send_document(self, request: Request) -> Response:
        fields = parse_qs(request.environ.get("QUERY_STRING", ""))
        query = {name: values[0] for name, values in fields.items()}
        try:
            status, document = "200 OK", self._documents[request.path](query)
        except ServiceError as error:
            status, document = "404 Not Found", {"message": error.message}
        except Exception:
            _log.exception("%s failed", request.path)
            status = "500 Internal Server Error"
            document = {"message": "The local cloud's log says why."}
        return _send(status, "application/json", json.dumps(document).encode())


def _send(status: str, kind: str, body: bytes) -> Response:
    length = str(len(body))
    headers = [("Content-Type", kind), ("Content-Length", length), *_HEADERS]
    return Response(status, headers, [body])
