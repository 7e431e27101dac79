"""Writes and deletions that depend on what is there: If-Match and If-None-Match."""

from __future__ import annotations

import threading
from typing import Any

from localcloud.moto_data import resources
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request

_LOCKS = [threading.RLock() for _ in range(64)]
"""A key's lock is held from the check of a condition to the end of the write.

Other keys have the same lock only by chance."""
_CONDITIONS = ("if-match", "if-none-match")
_WRITES = {"PUT", "POST", "DELETE"}
_ANY = "*"


def check_s3_conditions(request: Request, rest: Answer) -> Response:
    """Raises the ServiceError of S3 for a change of an object whose condition does not hold."""
    if request.method not in _WRITES or request.signer.service != "s3":
        return rest(request)
    asked = S3Request.of(request)
    if not asked.key:
        return rest(request)
    with _LOCKS[hash((asked.bucket, asked.key)) % len(_LOCKS)]:
        if _changes_object(asked):
            _check(asked)
        return rest(request)


def _changes_object(request: S3Request) -> bool:
    """Whether it makes or deletes an object, and not a part or a setting of one."""
    return request.completes_upload or not request.subresources


def _check(request: S3Request) -> None:
    match, none_match = (request.headers.get(name, "") for name in _CONDITIONS)
    if (none_match and none_match != _ANY) or (none_match and request.method == "DELETE"):
        raise _not_implemented()
    stored = resources.stored_object(request.bucket, request.key, None)
    if none_match and stored is not None and not _completed_by(request, stored):
        raise _failed("If-None-Match")
    if not match:
        return
    if stored is None:
        message = "The specified key does not exist."
        raise ServiceError("NoSuchKey", message, 404)
    if match != _ANY and match.strip('"') != stored.etag.strip('"'):
        raise _failed("If-Match")


def _completed_by(request: S3Request, stored: Any) -> bool:
    """Whether an earlier request has completed the same upload, as the client may not know."""
    upload = getattr(stored, "multipart", None)
    return upload is not None and upload.id == request.query.get("uploadId")


def _failed(header: str) -> ServiceError:
    message = "At least one of the pre-conditions you specified did not hold"
    return ServiceError("PreconditionFailed", f"{message}: {header}", 412)


def _not_implemented() -> ServiceError:
    message = "A header you provided implies functionality that is not implemented"
    return ServiceError("NotImplemented", message, 501)
