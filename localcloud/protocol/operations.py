"""The service, the operation and the protocol of a request."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import Loader

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Request

CBOR = "smithy-rpc-v2-cbor"
_METADATA = re.compile(r'"metadata"\s*:\s*')
_OTHER_NAMES = {"s3express": "s3", "s3-object-lambda": "s3"}
"""The names in signatures that only the rules for endpoints have, and the usual ones."""
_HEAD = 8192
"""How many characters of a model are read for its metadata, which need a tenth of them."""


@dataclass(frozen=True)
class Service:
    """A service as botocore knows it."""

    name: str
    """botocore's name of the service; its name in signatures if botocore does not have it."""
    metadata: Mapping[str, Any]
    """The metadata of botocore's model."""

    def protocol_of(self, request: Request) -> str:
        """The protocol of a request; a service may have several.

        It is ec2, json, query, rest-json, rest-xml or smithy-rpc-v2-cbor.
        """
        usual = str(self.metadata["protocol"])
        if request.is_cbor:
            return CBOR
        if request.has_target:
            return "json"
        if "Action" in request.parameters and usual != "rest-xml":
            return "ec2" if usual == "ec2" else "query"
        return usual

    def may_be_asked(self, request: Request) -> bool:
        """Whether this service has the operation of a request, if the request names one."""
        prefix, version = self.metadata.get("targetPrefix"), self.metadata["apiVersion"]
        if request.target:
            return request.target.startswith(f"{prefix}.")
        if request.is_cbor:
            return f"/service/{prefix}/" in request.path
        return bool(request.parameters.get("Version", version) == version)


@dataclass(frozen=True)
class Asked:
    """The operation that a request asks for."""

    service: Service
    operation: str
    """The operation's name; the method and path if botocore does not know the operation."""
    exists: bool
    """Whether AWS has the operation, as far as botocore knows."""


def asked_service(request: Request) -> str:
    """The service in a request's signature; without a valid signature, the most likely one."""
    try:
        named = request.signer.service
    except ServiceError:
        named = "" if request.operation else "s3"
    return named or _targets().get(request.target.rpartition(".")[0], "")


def service_of(request: Request, signing_name: str) -> Service:
    """The service of a request; several can have the same name in signatures."""
    return asked_of(request, signing_name).service


def asked_of(request: Request, signing_name: str) -> Asked:
    """What a request asks for, by the service's name in signatures.

    Its path can fit operations of several services: the one with the longest fixed part is meant.
    """
    services = _services(signing_name)
    named = request.operation
    found = [
        (labels, Asked(each, operation, exists=True))
        for each in services
        for operation, labels in (_named(named, request, each) if named else _at(request, each))
    ]
    if found:
        return min(found, key=lambda pair: pair[0])[1]
    service = next((each for each in services if each.may_be_asked(request)), services[0])
    # botocore does not know the operations of a service that it does not know.
    exists = service.name not in _names()
    return Asked(service, named or f"{request.method} {request.path}", exists)


def _named(operation: str, request: Request, service: Service) -> Iterator[tuple[str, int]]:
    """The operation that a request names, if the service has it."""
    from moto.core.utils import get_service_model

    known = service.name in _names() and service.may_be_asked(request)
    if known and operation in get_service_model(service.name).operation_names:
        yield operation, 0


def _at(request: Request, service: Service) -> Iterator[tuple[str, int]]:
    """The operation at a request's path, if the service has one, and how much its labels match."""
    from moto.core.routing import get_service_router
    from werkzeug.exceptions import HTTPException
    from werkzeug.wrappers import Request as HttpRequest

    if service.name in _names() and service.protocol_of(request).startswith("rest"):
        http = HttpRequest({**request.environ, "wsgi.input": io.BytesIO()})
        http.raw_path = str(request.environ.get("RAW_URI", request.path)).partition("?")[0]
        with suppress(HTTPException, NotImplementedError):
            found, labels = get_service_router(service.name).match(http)
            yield str(found.name), sum(len(value) for value in labels.values())


def _services(signing_name: str) -> list[Service]:
    """The services with this name in signatures, first the one whose own name it is."""
    signing_name = _OTHER_NAMES.get(signing_name, signing_name)
    unknown = Service(signing_name or "the service", {"protocol": "rest-json", "apiVersion": ""})
    return _known().get(signing_name) or [unknown]


@cache
def _names() -> frozenset[str]:
    return frozenset(each.name for services in _known().values() for each in services)


@cache
def _known() -> Mapping[str, list[Service]]:
    """The services that botocore knows, by their names in signatures."""
    newest: dict[str, Service] = {}
    for path in sorted(Path(Loader.BUILTIN_DATA_PATH).glob("*/*/service-2.json*")):
        name = path.parts[-3]
        newest[name] = Service(name, _metadata(path))
    found: dict[str, list[Service]] = {}
    for each in newest.values():
        signing_name = each.metadata.get("signingName", each.metadata["endpointPrefix"]).lower()
        found.setdefault(signing_name, []).append(each)
        found[signing_name].sort(key=lambda service: service.name != signing_name)
    return found


@cache
def _targets() -> Mapping[str, str]:
    """The services' names in signatures, by what is before the operation in X-Amz-Target."""
    return {
        each.metadata["targetPrefix"]: signing_name
        for signing_name, services in _known().items()
        for each in services
        if "targetPrefix" in each.metadata
    }


def _metadata(path: Path) -> dict[str, Any]:
    """The metadata of a model, which are at the beginning of a large file."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        text = file.read(_HEAD)
    begin = _METADATA.search(text)
    document: dict[str, Any]
    document, _ = json.JSONDecoder().raw_decode(text, begin.end() if begin else 0)
    return document
