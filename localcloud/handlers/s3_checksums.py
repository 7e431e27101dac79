"""Refuses what was changed on its way to S3: a body that does not have its checksums."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.moto_data import resources
from localcloud.moto_data.upload_parts import part_checksum, remember_checksum
from localcloud.protocol import checksums
from localcloud.protocol.chunked_bodies import KINDS
from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import asked_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request, local_name, xml_elements
from localcloud.protocol.validation import service_model
from localcloud.protocol.whole_numbers import is_whole_number

_SHA256 = re.compile(r"[0-9a-f]{64}")
_ALGORITHM = "X-Amz-Sdk-Checksum-Algorithm"
_UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED_BY_4 = 4
_COPY = "x-amz-copy-source"
_INVALID_PART = (
    "One or more of the specified parts could not be found. The part may not have been uploaded, "
    "or the specified entity tag may not match the part's entity tag."
)


def check_s3_checksums(request: Request, rest: Answer) -> Response:
    """Raises the ServiceError of S3 for a body that does not have its checksums."""
    if request.signer.service != "s3":
        return rest(request)
    _check_signed_hash(request)
    _check_md5(request)
    if request.form is not None:
        return rest(request)
    asked = S3Request.of(request)
    if asked.completes_upload:
        _check_upload(asked, request.body)
        return rest(request)
    _check_named_checksum(request)
    _check_part(asked)
    response = rest(request)
    _remember(asked, response)
    return response


def _check_signed_hash(request: Request) -> None:
    """Checks the hash of the body that is part of the signature."""
    signer, given = request.signer, request.header("X-Amz-Content-SHA256")
    by_header = signer.access_key and signer.version == _SIGNED_BY_4
    if not given and by_header and signer.place == "REST-HEADER":
        message = "Missing required header for this request: x-amz-content-sha256"
        raise ServiceError("InvalidRequest", message)
    if given in {"", _UNSIGNED}:
        return
    if not _SHA256.fullmatch(given):
        kinds = ", ".join((_UNSIGNED, *KINDS))
        message = f"x-amz-content-sha256 must be {kinds} or a valid sha256 value."
        raise ServiceError("InvalidArgument", message)
    if checksums.checksum("sha256", request.body).hex() != given:
        message = "The provided 'x-amz-content-sha256' header does not match what was computed."
        raise ServiceError("XAmzContentSHA256Mismatch", message)


def _check_md5(request: Request) -> None:
    given = request.header("Content-MD5")
    if not given:
        return
    expected = _decoded(given)
    if len(expected) != checksums.size("md5"):
        raise ServiceError("InvalidDigest", "The Content-MD5 you specified was invalid.")
    if checksums.checksum("md5", request.body) != expected:
        message = "The Content-MD5 you specified did not match what we received."
        raise ServiceError("BadDigest", message)


def _check_named_checksum(request: Request) -> None:
    """Checks a checksum of the body that names its algorithm."""
    named = dict(_named_checksums(request.headers()))
    asked = request.header(_ALGORITHM).lower()
    if len(named) > 1:
        raise _invalid(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if not named:
        if asked:
            raise _invalid(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                "x-amz-trailer headers were found."
            )
        if not request.header("Content-MD5") and _must_have_checksum(request):
            message = "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"
            raise _invalid(message)
        return
    [(algorithm, given)] = named.items()
    if asked not in {"", algorithm}:
        raise _invalid("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    if not checksums.is_known(algorithm):
        message = f"The local cloud does not have checksums of the type {algorithm.upper()}"
        raise ServiceError("NotImplemented", message)
    expected = _decoded(given)
    if len(expected) != checksums.size(algorithm):
        raise _invalid(f"Value for {checksums.HEADER}{algorithm} header is invalid.")
    if checksums.checksum(algorithm, request.body) != expected:
        raise _mismatch(algorithm)
    # moto keeps a checksum only if this header names it.
    request.set_header(_ALGORITHM, algorithm.upper())


def _check_part(request: S3Request) -> None:
    """Checks that a part has the kind of checksum that its upload was begun with."""
    upload = _upload(request)
    if upload is None or request.method != "PUT" or _COPY in request.headers:
        return
    expected = _algorithm(upload)
    actual = next((name for name, _ in _named_checksums(request.headers.items())), "null")
    if expected not in {"", actual}:
        raise _invalid(
            f"Checksum Type mismatch occurred, expected checksum Type: {expected}, actual "
            f"checksum Type: {actual}"
        )


def _remember(request: S3Request, response: Response) -> None:
    """Keeps the checksum of a part that was stored, so that its completion need not read it."""
    number, tag = request.query.get("partNumber", ""), dict(response.headers).get("ETag")
    upload = _upload(request)
    part = upload.parts.get(int(number)) if upload is not None and number else None
    # Another request may have replaced the part since.
    if part is not None and part.etag == tag:
        for algorithm, checksum in _named_checksums(request.headers.items()):
            remember_checksum(part, algorithm, checksum)


def _check_upload(request: S3Request, body: bytes) -> None:
    """Checks the checksums of the parts, and of the object that they make."""
    upload = _upload(request)
    if upload is None or not (algorithm := _algorithm(upload)):
        return
    parts = [each for each in xml_elements(body) if local_name(each) == "Part"]
    whole = (
        upload.metadata.get("x-amz-checksum-type") == "FULL_OBJECT"
        or algorithm == checksums.WHOLE_ONLY
    )
    stored_parts, hashes = [], []
    for part in parts:
        named = {local_name(each): each.text or "" for each in part}
        number = named.get("PartNumber", "")
        stored = upload.parts.get(int(number)) if is_whole_number(number) else None
        if stored is None:
            return  # S3 itself refuses it
        given = named.get(f"Checksum{algorithm.upper()}", "")
        if not given and not whole:
            raise _invalid(
                f"The upload was created using a {algorithm} checksum. The complete request must "
                f"include the checksum for each part. It was missing for part {number} in the "
                "request."
            )
        hashes.append(part_checksum(stored, algorithm))
        stored_parts.append(stored)
        if given and _decoded(given) != hashes[-1]:
            raise ServiceError("InvalidPart", _INVALID_PART)
    for given_algorithm, given in _named_checksums(request.headers.items()):
        pieces = (each.value for each in stored_parts) if whole else hashes
        actual = base64.b64encode(checksums.checksum_of_all(algorithm, pieces)).decode()
        accepted = {actual} if whole else {actual, f"{actual}-{len(parts)}"}
        if given_algorithm != algorithm or given not in accepted:
            raise _mismatch(given_algorithm)


def _upload(request: S3Request) -> Any:
    """The upload that a request adds a part to, or completes; None without one."""
    holder = resources.bucket(request.bucket)
    return holder.multiparts.get(request.query.get("uploadId")) if holder is not None else None


def _algorithm(upload: Any) -> str:
    """The kind of checksum that an upload was begun with; empty without one."""
    return str(upload.metadata.get("x-amz-checksum-algorithm") or "").lower()


def _named_checksums(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The checksums in headers, by their algorithms in lower case."""
    for name, value in headers:
        algorithm = name.removeprefix(checksums.HEADER)
        if algorithm not in {name, "algorithm", "mode", "type"}:
            yield algorithm, value


def _must_have_checksum(request: Request) -> bool:
    """Whether the operation is one of those that S3 carries out only with a checksum."""
    if request.method not in {"PUT", "POST"} or not request.environ.get("QUERY_STRING"):
        return False
    asked = asked_of(request, "s3")
    if not asked.exists:
        return False
    operation = service_model("s3").operation_model(asked.operation)
    return bool((operation.http_checksum or {}).get("requestChecksumRequired"))


def _decoded(text: str) -> bytes:
    """The bytes of a text in base 64; none if it is not in base 64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mismatch(algorithm: str) -> ServiceError:
    message = f"The {algorithm.upper()} you specified did not match the calculated checksum."
    return ServiceError("BadDigest", message)


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", message)
