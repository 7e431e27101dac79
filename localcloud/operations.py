"""Which operation a request asks for, of which service and in which protocol."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from botocore.loaders import Loader

from localcloud.wsgi import Environ, body_of, is_form

_RPC_PATH = re.compile(r"/service/[^/]+/operation/(\w+)$")
CBOR = "smithy-rpc-v2-cbor"
_METADATA = re.compile(r'"metadata"\s*:\s*')
_HEAD = 8192
"""How many characters of a model are read for its metadata, which have a tenth of them."""


def operation_of(environ: Environ) -> str:
    """Return the operation that a request names; empty for one to S3, and for any by its path."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target).rpartition(".")[2]
    if is_cbor(environ) and (named := _RPC_PATH.search(environ["PATH_INFO"])):
        return named[1]
    return parameters_of(environ).get("Action", "")


def parameters_of(environ: Environ) -> dict[str, str]:
    """Return the parameters of a request in AWS's query protocol, of its address and its form."""
    text = environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] == "POST" and is_form(environ):
        text = f"{text}&{body_of(environ).decode(errors='replace')}"
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def is_cbor(environ: Environ) -> bool:
    """Tell whether a request is in the protocol whose documents are CBOR."""
    return "HTTP_SMITHY_PROTOCOL" in environ


@dataclass(frozen=True)
class Service:
    """A service as botocore knows it."""

    name: str
    """botocore's name of it; the one in signatures if botocore has no such service."""
    metadata: Mapping[str, Any]
    """What botocore's model says of it as a whole."""

    def protocol_of(self, environ: Environ) -> str:
        """Return the protocol of a request, of several that the service may speak.

        It is ec2, json, query, rest-json, rest-xml or smithy-rpc-v2-cbor.
        """
        usual = str(self.metadata["protocol"])
        if is_cbor(environ):
            return CBOR
        if "HTTP_X_AMZ_TARGET" in environ:
            return "json"
        if "Action" in parameters_of(environ) and usual != "rest-xml":
            return "ec2" if usual == "ec2" else "query"
        return usual

    def may_be_asked(self, environ: Environ) -> bool:
        """Tell whether a request, if it names an operation, can be one to this service."""
        prefix, version = self.metadata.get("targetPrefix"), self.metadata["apiVersion"]
        if target := environ.get("HTTP_X_AMZ_TARGET"):
            return str(target).startswith(f"{prefix}.")
        if is_cbor(environ):
            return f"/service/{prefix}/" in environ["PATH_INFO"]
        return bool(parameters_of(environ).get("Version", version) == version)


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    service: Service
    operation: str
    """Its method and path, if botocore knows no such operation."""
    exists: bool
    """Whether AWS has the operation, as far as botocore knows."""


def service_of(environ: Environ, signing_name: str) -> Service:
    """Return the service that a request is to, which signatures name."""
    services = _services(signing_name)
    return next((each for each in services if each.may_be_asked(environ)), services[0])


def asked_of(environ: Environ, signing_name: str) -> Asked:
    """Return what a request asks for, of a service that signatures name."""
    for each in _services(signing_name):
        if operation := _operation(environ, each):
            return Asked(each, operation, exists=True)
    named = operation_of(environ) or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    # Of a service that botocore does not know, it does not know the operations either.
    return Asked(service_of(environ, signing_name), named, exists=signing_name not in _known())


def _operation(environ: Environ, service: Service) -> str:
    """Return the operation of a service that a request asks for; empty if it has none such."""
    from moto.core.routing import get_service_router
    from moto.core.utils import get_service_model
    from werkzeug.exceptions import HTTPException
    from werkzeug.wrappers import Request

    if service.name not in _names():
        return ""
    if named := operation_of(environ):
        known = get_service_model(service.name).operation_names
        return named if service.may_be_asked(environ) and named in known else ""
    if not service.protocol_of(environ).startswith("rest"):
        return ""
    try:
        request = Request({**environ, "wsgi.input": io.BytesIO()})
        request.raw_path = str(environ.get("RAW_URI", environ["PATH_INFO"])).partition("?")[0]
        found, _ = get_service_router(service.name).match(request)
    except (HTTPException, NotImplementedError):
        return ""
    return str(found.name)


def _services(signing_name: str) -> list[Service]:
    """Return the services that signatures name alike, first the one whose own name it is."""
    unknown = Service(signing_name or "the service", {"protocol": "rest-json", "apiVersion": ""})
    return _known().get(signing_name) or [unknown]


@cache
def _names() -> frozenset[str]:
    return frozenset(each.name for services in _known().values() for each in services)


@cache
def _known() -> Mapping[str, list[Service]]:
    """Return botocore's services by their names in signatures."""
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


def _metadata(path: Path) -> dict[str, Any]:
    """Return what a model says of its service, which stands at the head of a large file."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        text = file.read(_HEAD)
    begin = _METADATA.search(text)
    document: dict[str, Any]
    document, _ = json.JSONDecoder().raw_decode(text, begin.end() if begin else 0)
    return document
