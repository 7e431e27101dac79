"""Stands before all services and turns away what an execution role may not do."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from localcloud.authorization import s3, services
from localcloud.authorization.demands import Demand
from localcloud.authorization.judge import require
from localcloud.authorization.sessions import Session, Sessions
from localcloud.faults import Application, Environ, StartResponse, operation_of
from localcloud.refusals import refuse
from localcloud.sagemaker.errors import ServiceError

_HEADER = re.compile(r"Credential=([^/]+)/[^/]+/[^/]+/([^/]+)/")
# A signature that is in the address itself, as that of a presigned one.
_QUERY = re.compile(r"X-Amz-Credential=([^&%/]+)(?:%2F|/)[^&%/]+(?:%2F|/)[^&%/]+(?:%2F|/)([^&%/]+)")
_ISSUED = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")


class Guard:
    """A WSGI application that judges the requests of sessions, and passes on all others."""

    def __init__(self, sessions: Sessions, application: Application) -> None:
        self._sessions = sessions
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        access_key, service = _caller(environ)
        session = self._sessions.find(access_key)
        if session is None:
            return self._application(environ, start_response)
        try:
            for demand in _demands(environ, service, session):
                require(session, demand)
        except ServiceError as error:
            return refuse(_in_words_of(service, error), service, environ, start_response)
        if service == "sts":
            return self._follow(session, environ, start_response)
        return self._application(environ, start_response)

    def _follow(
        self, session: Session, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer STS, and judge what is then called as the role that was assumed."""
        document = services.read(_read(environ))
        answer = b"".join(self._application(environ, start_response))
        issued = _ISSUED.search(answer)
        if issued and "RoleArn" in document:
            name = document.get("RoleSessionName", "")
            role = document["RoleArn"]
            assumed = replace(session, role=role, name=name, issued=time.time())
            self._sessions.add(issued[1].decode(), assumed)
        return [answer]


def _caller(environ: Environ) -> tuple[str, str]:
    """Return the access key and the service of a request's signature."""
    match = _HEADER.search(environ.get("HTTP_AUTHORIZATION", "")) or _QUERY.search(
        environ.get("QUERY_STRING", "")
    )
    return (match[1], match[2]) if match else ("", "")


def _demands(environ: Environ, service: str, session: Session) -> Iterator[Demand]:
    if service == "s3":
        request = s3.S3Request.of(environ)
        if request.deletes_several:
            request = s3.S3Request.of(environ, _read(environ))
        yield from s3.demands(request)
        return
    operation = operation_of(environ) or _operation_in_path(environ)
    document = services.read(_read(environ))
    yield from services.demands(service, operation, document, session)


def _operation_in_path(environ: Environ) -> str:
    match = _RPC_PATH.search(environ["PATH_INFO"])
    return match[1] if match else f"{environ['REQUEST_METHOD'].title()}Unknown"


def _read(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _in_words_of(service: str, error: ServiceError) -> ServiceError:
    """Return an error as the service names it."""
    if service != "s3" and error.code == "AccessDenied":
        return ServiceError("AccessDeniedException", error.message)
    return ServiceError(
        error.code.removeprefix("" if service == "s3" else "KMS."), error.message, error.status
    )
