"""Refuses headers of S3 whose values S3 does not take; moto takes nearly all, or fails at them.

Which headers an operation has, and the values of those that have a list, are in botocore's model.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.operations import asked_of
from localcloud.protocol.requests import Answer, Request, Response
from localcloud.protocol.s3_requests import S3Request
from localcloud.protocol.validation import service_model
from localcloud.protocol.whole_numbers import is_whole_number

_LOCK = "x-amz-object-lock-"
_MODE, _UNTIL = f"{_LOCK}mode", f"{_LOCK}retain-until-date"
_GRANT, _ACL = "x-amz-grant-", "x-amz-acl"
_LEFT_TO_OTHERS = {"x-amz-request-payer", "x-amz-sdk-checksum-algorithm"}
_GRANTEE = re.compile(r'\s*(id|uri|emailAddress)\s*=\s*(?:"([^",]+)"|([^",\s]+))\s*')
_ACCOUNT = re.compile(r"[0-9a-f]{64}")
_GROUPS = {
    f"http://acs.amazonaws.com/groups/{each}"
    for each in ("global/AllUsers", "global/AuthenticatedUsers", "s3/LogDelivery")
}
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TAG = re.compile(r"[\w\s+\-=.:/@]*")
_MOST_TAGS, _LONGEST_TAG, _LONGEST_TAG_VALUE = 10, 128, 256
_LONGEST_REDIRECT = 2048
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})")
_OF_OTHER_BUCKETS = {"EXPRESS_ONEZONE", "FSX_ONTAP", "FSX_OPENZFS", "OUTPOSTS", "SNOW"}
"""Storage classes that a general purpose bucket has not."""


def check_s3_headers(request: Request, rest: Answer) -> Response:
    """Raises the ServiceError of S3 for a header with a value that S3 does not take."""
    if request.signer.service == "s3" and request.method in {"PUT", "POST", "DELETE"}:
        asked = S3Request.of(request)
        given = {name: value for name, value in asked.headers.items() if name in _checked_names()}
        if given:
            operation = "PutObject" if request.form else asked_of(request, "s3").operation
            _check(_headers(operation), given)
        if until := given.get(_UNTIL):
            # moto understands only this form.
            request.set_header(_UNTIL, _moment(until).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return rest(request)


@cache
def _headers(operation: str) -> dict[str, Any]:
    """The shapes of an operation's headers, by their names in lower case."""
    model = service_model("s3")
    if operation not in model.operation_names:
        return {}
    shape = model.operation_model(operation).input_shape
    return {
        each.serialization["name"].lower(): each
        for each in (shape.members.values() if shape is not None else ())
        if each.serialization.get("location") == "header"
    }


@cache
def _checked_names() -> set[str]:
    """The headers of all operations that have something to check; most requests have none."""
    every = (_headers(operation) for operation in service_model("s3").operation_names)
    return {
        name
        for shapes in every
        for name, shape in shapes.items()
        if name in _CHECKS
        or name.startswith(_GRANT)
        or getattr(shape, "enum", None)
        or shape.type_name in {"boolean", "integer", "long"}
    } - _LEFT_TO_OTHERS


def _check(shapes: Mapping[str, Any], given: Mapping[str, str]) -> None:
    for name, value in given.items():
        takes_grants = name.startswith(_GRANT) and any(each.startswith(_GRANT) for each in shapes)
        if takes_grants:
            _check_grants(value)
        elif name in shapes:
            _check_value(name, shapes[name], value)
    if _ACL in shapes and _ACL in given and any(each.startswith(_GRANT) for each in given):
        message = "Specifying both Canned ACLs and Header Grants is not allowed"
        raise ServiceError("InvalidRequest", message)
    if _MODE in shapes and (_MODE in given) != (_UNTIL in given):
        raise _argument(f"{_UNTIL} and {_MODE} must both be supplied")


def _check_value(name: str, shape: Any, value: str) -> None:
    if check := _CHECKS.get(name):
        check(value)
    elif not _is_of(shape, value):
        general = ("InvalidArgument", f"Value for {name} header is invalid.")
        raise ServiceError(*_REFUSALS.get(name, general))


def _is_of(shape: Any, value: str) -> bool:
    """Whether a value is one of the model's list, or of the model's type."""
    if allowed := getattr(shape, "enum", None):
        return value in set(allowed) - _OF_OTHER_BUCKETS
    if shape.type_name == "boolean":
        return value.lower() in {"true", "false"}
    return shape.type_name not in {"integer", "long"} or is_whole_number(value)


_REFUSALS = {
    "x-amz-storage-class": (
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ),
    "x-amz-metadata-directive": ("InvalidArgument", "Unknown metadata directive."),
    "x-amz-tagging-directive": ("InvalidArgument", "Unknown tagging directive."),
    _MODE: ("InvalidArgument", "Unknown wormMode directive."),
    f"{_LOCK}legal-hold": ("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'"),
    "x-amz-checksum-algorithm": (
        "InvalidRequest",
        "Checksum algorithm provided is unsupported. Please try again with any of the valid "
        "types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]",
    ),
    "x-amz-checksum-type": (
        "InvalidRequest",
        "Value for x-amz-checksum-type header is invalid.",
    ),
}
"""The code and the message for a value that is not in the model's list."""


def _check_grants(text: str) -> None:
    for each in text.split(","):
        found = _GRANTEE.fullmatch(each)
        if found is None:
            raise _argument("Argument format not recognized")
        kind, grantee = found[1], found[2] or found[3]
        if kind == "emailAddress":
            raise ServiceError(
                "UnresolvableGrantByEmailAddress",
                "The e-mail address you provided does not match any account on record.",
            )
        if kind == "uri" and grantee not in _GROUPS:
            raise _argument("Invalid group uri")
        if kind == "id" and not _ACCOUNT.fullmatch(grantee):
            raise _argument("Invalid id")


def _check_tags(text: str) -> None:
    malformed = _argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
        "parameters without tag name duplicates."
    )
    if _ESCAPE.search(text):
        raise malformed
    try:
        pairs = [
            [unquote_to_bytes(part.replace("+", " ")).decode() for part in each.split("=", 1)]
            for each in text.split("&")
            if each
        ]
    except UnicodeDecodeError:
        raise malformed from None
    if len({key for key, *_ in pairs}) < len(pairs):
        raise malformed
    if len(pairs) > _MOST_TAGS:
        raise ServiceError("BadRequest", "Object tags cannot be greater than 10")
    for key, *values in pairs:
        if not 0 < len(key) <= _LONGEST_TAG or not _TAG.fullmatch(key):
            raise ServiceError("InvalidTag", "The TagKey you have provided is invalid")
        if any(len(each) > _LONGEST_TAG_VALUE or not _TAG.fullmatch(each) for each in values):
            raise ServiceError("InvalidTag", "The TagValue you have provided is invalid")


def _check_until(text: str) -> None:
    if _moment(text) <= datetime.now(UTC):
        raise _argument("The retain until date must be in the future!")


def _moment(text: str) -> datetime:
    """A time in UTC. Raises the ServiceError of S3 for another text."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "The retain until date must be provided in ISO 8601 format"
        raise _argument(message) from None


def _check_redirect(text: str) -> None:
    if not text.startswith(("http://", "https://", "/")):
        raise ServiceError(
            "InvalidRedirectLocation",
            "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.",
        )
    if len(text) > _LONGEST_REDIRECT:
        message = "The length of website redirect location cannot exceed 2,048 characters."
        raise ServiceError("InvalidRedirectLocation", message)


def _check_context(text: str) -> None:
    try:
        found = json.loads(base64.b64decode(text, validate=True))
        valid = all(isinstance(each, str) for each in found.values())
    except (AttributeError, RecursionError, ValueError, binascii.Error):
        valid = False
    if not valid:
        raise _argument(
            "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 "
            "string holding JSON which represents a string-string map"
        )


def _check_customer_algorithm(text: str) -> None:
    if text != "AES256":
        raise ServiceError(
            "InvalidEncryptionAlgorithmError",
            "The Encryption request you specified is not valid. Supported value: AES256.",
        )


def _check_range(text: str) -> None:
    found = _RANGE.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise _argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first "
            "and last are the zero-based offsets of the first and last bytes to copy"
        )


_CHECKS: dict[str, Callable[[str], None]] = {
    "x-amz-tagging": _check_tags,
    "x-amz-website-redirect-location": _check_redirect,
    "x-amz-server-side-encryption-context": _check_context,
    "x-amz-server-side-encryption-customer-algorithm": _check_customer_algorithm,
    "x-amz-copy-source-range": _check_range,
    _UNTIL: _check_until,
}
"""Headers with rules that the model does not have."""


def _argument(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message)
