"""The local cloud's own services, which moto lacks or has only in part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from localcloud.moto_data.backends import account_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.responses import json_response
from localcloud.protocol.validation import service_model

Document = dict[str, Any]
_NO_CONTENT = 204


class OwnService(Protocol):
    """One of the local cloud's own services; its documents are JSON."""

    name: str
    """botocore's name of the service."""
    signing_name: str
    """The service's name in signatures."""

    def offers(self, operation: str, request: Document) -> bool:
        """Whether it, and not moto, answers a request."""

    def call(self, operation: str, request: Document, account: str, region: str) -> Document:
        """The answer to a request. Raises the ServiceError of the service.

        Raises NotImplementedError for an operation that neither it nor moto has.
        """


class OwnServices:
    """The handler for requests to the local cloud's own services."""

    def __init__(self, services: Iterable[OwnService]) -> None:
        """Of several services with one name in signatures, the first that offers an answer does."""
        self._services = list(services)

    def __call__(self, request: Request, rest: Answer) -> Response:
        """Answers a request to one of the services.

        The signature says which one it is, because the guard has checked that one.
        """
        signer = request.signer
        for service in self._services:
            if service.signing_name != signer.service:
                continue
            operation = _operation(request, service.name)
            if operation is None or not service.offers(operation.name, request.document):
                continue
            account = account_of(signer.access_key)
            document = service.call(operation.name, request.document, account, signer.region)
            return _response(operation, document)
        return rest(request)


def _operation(request: Request, service: str) -> Any:
    """The operation that a request asks for, as botocore has it; None if the service has none such.

    An operation that no header names has its own path.
    """
    model = service_model(service)
    operations = model.operation_names
    if prefix := model.metadata.get("targetPrefix"):
        found, _, name = request.target.rpartition(".")
        return model.operation_model(name) if found == prefix and name in operations else None
    models = (model.operation_model(name) for name in operations)
    return next((each for each in models if each.http["requestUri"] == request.path), None)


def _response(operation: Any, document: Document) -> Response:
    if "targetPrefix" in operation.service_model.metadata:
        return json_response("200 OK", document, empty=document == {})
    status = operation.http.get("responseCode", 200)
    return json_response(f"{status} OK", document, "application/json", empty=status == _NO_CONTENT)
