"""The layer before moto: keeps other origins out and answers for training jobs and their quotas."""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from urllib.parse import urlsplit

from localcloud import prices, s3_requests, workflows
from localcloud.authorization.guard import Guard
from localcloud.authorization.s3 import S3Request
from localcloud.authorization.signatures import signer_of
from localcloud.backends import account_of
from localcloud.faults import Faulty, Plan
from localcloud.pages import pages
from localcloud.quotas import service_quotas
from localcloud.sagemaker.errors import ServiceError
from localcloud.sagemaker.service import TrainingService
from localcloud.wsgi import Application, Environ, StartResponse, body_of

_TARGET = "SageMaker."
_RESET = "/moto-api/reset"
_log = logging.getLogger(__name__)


class JsonService(Protocol):
    """A service of the local cloud's own, which speaks AWS's JSON protocol."""

    signing_name: str
    """As signatures name it."""

    def offers(self, operation: str, request: dict[str, Any]) -> bool:
        """Tell whether it answers a request, rather than moto."""

    def call(
        self, operation: str, request: dict[str, Any], account: str, region: str
    ) -> dict[str, Any]:
        """Answer a request; raise ServiceError as the service would."""


class Gateway:
    """A WSGI application that answers what moto lacks and passes on the other requests."""

    def __init__(self, service: TrainingService, moto: Application) -> None:
        plan = Plan()
        self._service = service
        self._own: dict[str, JsonService] = {
            _TARGET: service,
            service_quotas.TARGET: service_quotas.ServiceQuotas(service.quotas),
            prices.TARGET: prices.PriceList(),
        }
        self._moto = moto
        self._pages = pages(service, plan)
        self._services = Faulty(plan, Guard(service.sessions, self._answer_as_aws))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        refusal = refused(environ)
        if refusal:
            return _answer(start_response, "403 Forbidden", {"message": refusal})
        path = environ.get("PATH_INFO", "")
        if page := self._pages.get((environ["REQUEST_METHOD"], path)):
            return _reply(path, start_response, lambda: page(_parse(body_of(environ))))
        if path == _RESET:
            self._service.close()
        return self._services(environ, start_response)

    def _answer_as_aws(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith(workflows.TARGET):
            workflows.mend()
        service, _, operation = target.rpartition(".")
        own, signer = self._own.get(f"{service}."), signer_of(environ)
        # What was judged is what the signature names; moto goes by that as well.
        if own is None or signer.service != own.signing_name:
            return self._ask_moto(environ, start_response)
        request = _parse(body_of(environ))
        if not own.offers(operation, request):
            return self._ask_moto(environ, start_response)
        account = account_of(signer.access_key)
        document = own.call(operation, request, account, signer.region)
        return _answer(start_response, "200 OK", document)

    def _ask_moto(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        signer = signer_of(environ)
        if signer.service == "s3":
            s3_requests.check(S3Request.of(environ))
        if signer.place == "REST-QUERY-STRING" and signer.service not in {"", "s3"}:
            # moto looks for the service in a header only.
            environ["HTTP_AUTHORIZATION"] = (
                f"AWS4-HMAC-SHA256 Credential={signer.access_key}/20000101/{signer.region}/"
                f"{signer.service}/aws4_request"
            )
        return self._moto(environ, start_response)


def _reply(name: str, start_response: StartResponse, work: Callable[[], Any]) -> Iterable[bytes]:
    """Answer with what `work` returns, or with the error that it raises."""
    try:
        return _answer(start_response, "200 OK", work())
    except ServiceError as error:
        content = {"__type": error.code, "message": error.message}
        return _answer(start_response, f"{error.status} {error.code}", content)
    except Exception:
        _log.exception("%s failed", name)
        content = {"__type": "InternalFailure", "message": "The local cloud's log says why."}
        return _answer(start_response, "500 Internal Server Error", content)


def refused(environ: Environ) -> str:
    """Return why a request must not be answered; empty if it may be.

    A page in the user's browser can reach loopback. It gives itself away by its origin or,
    when its own name was made to resolve to loopback, by the host that it asks for.
    """
    host = environ.get("HTTP_HOST", "")
    if not _is_loopback(f"//{host}"):
        return f"The local cloud answers requests to loopback only, not to '{host}'."
    origin = environ.get("HTTP_ORIGIN")
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    same = origin is None or urlsplit(origin).netloc == host
    if same and site in {"none", "same-origin"}:
        return ""
    return "The local cloud does not answer requests from other origins."


def _is_loopback(url: str) -> bool:
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return name in {"localhost", "::1"} or name.endswith(".localhost") or _is_loopback_address(name)


def _is_loopback_address(name: str) -> bool:
    return re.fullmatch(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}", name) is not None


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise ServiceError("SerializationException", "The request is no JSON document") from error
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request is no JSON object")
    return document


def _answer(start_response: StartResponse, status: str, document: Any) -> Iterable[bytes]:
    body = b"" if document == {} else json.dumps(document).encode()
    start_response(
        status,
        [
            ("Content-Type", "application/x-amz-json-1.1"),
            ("Content-Length", str(len(body))),
            ("x-amzn-RequestId", str(uuid.uuid4())),
        ],
    )
    return [body]
