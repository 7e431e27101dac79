"""Answers in the format of the service."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import CBOR, Service
from localcloud.protocol.requests import Request, Response


def json_response(
    status: str, document: Any, kind: str = "application/x-amz-json-1.1", *, empty: bool = False
) -> Response:
    """A document as JSON; without a body if it is to be `empty`."""
    body = b"" if empty else json.dumps(document).encode()
    headers = {"Content-Type": kind, **_about(body)}
    return Response(status, list(headers.items()), [body])


def error_response(error: ServiceError, request: Request, service: Service) -> Response:
    """An error in the protocol of the request."""
    headers, body = _serialized(error, service, service.protocol_of(request))
    sent = b"" if request.method == "HEAD" else body
    return Response(
        f"{error.status} {error.code}", list({**headers, **_about(body)}.items()), [sent]
    )


def _about(body: bytes) -> dict[str, str]:
    return {"Content-Length": str(len(body)), "x-amzn-RequestId": str(uuid.uuid4())}


def _serialized(
    error: ServiceError, service: Service, protocol: str
) -> tuple[Mapping[str, str], bytes]:
    """The headers and the body of an error in a protocol of a service."""
    if protocol == CBOR:
        headers = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return headers, _cbor({"__type": error.code, "message": error.message})
    from moto.core.model import OperationModel, ServiceModel
    from moto.core.serialize import SerializationContext, get_serializer_class

    # Without its name and shapes, because moto warns of errors that a service's model lacks.
    metadata = {**service.metadata, "protocol": protocol}
    metadata.pop("serviceId", None)
    # moto writes "Message" only, as in XML; most services' JSON has "message".
    shapes = _error_shapes(error.code) if "json" in protocol else {}
    model = ServiceModel({"metadata": metadata, "operations": {}, "shapes": shapes}, service.name)
    serializer = get_serializer_class(service.name, protocol)
    context = SerializationContext(str(uuid.uuid4()))
    answer: Any = serializer(OperationModel({}, model), context).serialize(error)
    return answer["headers"], answer["body"].encode()


def _error_shapes(code: str) -> Mapping[str, Any]:
    members = {"message": {"shape": "Text"}}
    shape = {"type": "structure", "exception": True, "members": members, "error": {"code": code}}
    return {code: shape, "Text": {"type": "string"}}


def _cbor(document: Mapping[str, str]) -> bytes:
    """A small map of texts as CBOR (RFC 8949)."""
    texts = [text.encode() for item in document.items() for text in item]
    return bytes([0xA0 + len(document)]) + b"".join(
        b"\x79" + len(text).to_bytes(2, "big") + text for text in texts
    )
