"""Passes a request to moto's services, if no earlier handler has answered it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import HTTPException

from localcloud.corrections.corrections import correct_before_use
from localcloud.handlers.watch import only_reads
from localcloud.moto_data.moto_lock import in_moto
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.signatures import Signer

_MOST_HOSTS = 1024


class Moto:
    """The handler that calls moto; an error that moto would show as a page is raised.

    Of the requests that may change data, one is answered at a time.
    """

    def __init__(self) -> None:
        self._application = DomainDispatcherApplication(_service_application)
        # Otherwise moto searches the folders of its package at every request.
        find = lru_cache(_MOST_HOSTS)(self._application.get_backend_for_host)
        self._application.get_backend_for_host = find

    def __call__(self, request: Request, _rest: Answer) -> Response:
        """Answers a request."""
        signer = request.signer
        correct_before_use(signer.service)
        if signer.place == "REST-QUERY-STRING" and signer.service not in {"", "s3"}:
            # moto looks for the service only in a header.
            request.environ["HTTP_AUTHORIZATION"] = _header(signer)
        # Found before, because the import of a service may take seconds.
        application = self._application.get_application(request.environ)
        if only_reads(request):
            try:
                return _call(application, request)
            except NotImplementedError:
                raise
            except Exception:
                # Data may have been changed while they were read. If not, it fails again.
                request.replace_body(request.body)
        with in_moto():
            return _call(application, request)


def _call(application: Any, request: Request) -> Response:
    started: dict[str, Any] = {}

    def start_response(status: str, headers: Any, *_: Any) -> None:
        started.update(status=status, headers=headers)

    body = application(request.environ, start_response)
    return Response(started["status"], started["headers"], body)


def _header(signer: Signer) -> str:
    credential = f"{signer.access_key}/20000101/{signer.region}/{signer.service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}"


def _service_application(service: str | None) -> Any:
    """The application of a service of moto's.

    Raises NotImplementedError if moto has no such service.
    """
    if service is None:
        raise NotImplementedError
    application = create_backend_app(service)

    def propagate(error: Any) -> Any:
        # moto's own exceptions are answers of the service.
        if type(error).__module__.startswith("werkzeug."):
            raise error
        return error

    application.register_error_handler(HTTPException, propagate)
    return application
