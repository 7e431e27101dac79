"""Refuses operations that moto lacks, where it would carry out another one in their place.

moto itself refuses an operation that a request names. Where the path names it, moto looks for the
pattern that fits best: without this, deleting the metrics configuration of a bucket deletes the
bucket.
"""

from __future__ import annotations

from functools import cache

from localcloud.protocol.operations import service_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request

_OF_BUCKETS = frozenset(
    {
        "abac",
        "analytics",
        "intelligent-tiering",
        "metadataAnnotationTable",
        "metadataConfiguration",
        "metadataInventoryTable",
        "metadataJournalTable",
        "metadataTable",
        "metrics",
        "requestPayment",
        "session",
    }
)
"""What a request asks for of a bucket, by its query, that moto does not look at."""
_OF_OBJECTS = frozenset({"annotation", "renameObject", "torrent"})
_OF_BUCKETS_BY_METHOD = frozenset({("DELETE", "inventory")})
_OF_OBJECTS_BY_METHOD = frozenset({("GET", "retention"), ("PUT", "encryption")})
_PARTS_OF_S3 = {"s3express": "directory buckets", "s3-object-lambda": "Object Lambda"}
"""Parts of S3 that moto lacks, by their names in signatures."""
_SERVED_WITH_OTHERS = frozenset({"apigatewayv2", "lambda", "opensearch"})
"""Services that moto has under the name of another one."""


def refuse_absent(request: Request, rest: Answer) -> Response:
    """Raises NotImplementedError for an operation that moto would take for another one."""
    signing_name = request.signer.service
    if signing_name and not _is_served(request, signing_name):
        raise NotImplementedError
    return rest(request)


def _is_served(request: Request, signing_name: str) -> bool:
    if signing_name in _PARTS_OF_S3:
        raise NotImplementedError(_PARTS_OF_S3[signing_name])
    if signing_name == "s3":
        return not _is_lacking(S3Request.of(request))
    if request.operation:
        return True
    service = service_of(request, signing_name)
    return not service.protocol_of(request).startswith("rest") or _is_in_moto(service.name)


def _is_lacking(asked: S3Request) -> bool:
    of_all, by_method = (
        (_OF_OBJECTS, _OF_OBJECTS_BY_METHOD) if asked.key else (_OF_BUCKETS, _OF_BUCKETS_BY_METHOD)
    )
    return any(name in of_all or (asked.method, name) in by_method for name in asked.query)


def _is_in_moto(service: str) -> bool:
    return service in _SERVED_WITH_OTHERS or service.replace("-", "") in _moto_services()


@cache
def _moto_services() -> frozenset[str]:
    """The names that moto has for its services, without hyphens."""
    from moto.backend_index import backend_url_patterns

    return frozenset(name.replace("-", "") for name, _ in backend_url_patterns)
