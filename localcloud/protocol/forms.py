"""A form with which a browser uploads an object to S3, and the form's policy."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.protocol.errors import ServiceError

CONTENT_TYPE = "multipart/form-data"
_FREE = frozenset({"awsaccesskeyid", "signature", "x-amz-signature", "policy", "file"})
"""The fields that no condition of the policy must name, as those that begin with _IGNORED."""
_IGNORED = "x-ignore-"
_VERSION_4 = frozenset(f"x-amz-{name}" for name in ("algorithm", "credential", "date", "signature"))
_VERSION_2 = frozenset({"awsaccesskeyid", "signature"})
"""The fields with which a form is signed."""
_MOST_BYTES = 20_000
_FORBIDDEN = 403


@dataclass(frozen=True)
class Form:
    """An upload's fields and the size of its file."""

    fields: dict[str, str]
    """The fields before the file, by name in lower case; the key with the file's name in it."""
    size: int | None
    """The bytes of its file; None without a file."""

    def check(self, bucket: str) -> None:
        """Raises the ServiceError of S3 if the form has a policy that does not allow it."""
        if "key" not in self.fields:
            raise _missing("key")
        if self.size is None:
            message = "POST requires exactly one file upload per request."
            raise ServiceError("InvalidArgument", message)
        if sum(len(name) + len(text.encode()) for name, text in self.fields.items()) > _MOST_BYTES:
            message = "Your POST request fields preceding the upload file were too large."
            raise ServiceError("MaxPostPreDataLengthExceeded", message)
        for kind in (_VERSION_4, _VERSION_2):
            absent = [] if self.fields.keys().isdisjoint(kind) else kind - self.fields.keys()
            if absent:
                raise _missing(min(absent))
        policy = self.fields.get("policy")
        if policy is None:
            if not self.fields.keys().isdisjoint(_VERSION_4 | _VERSION_2):
                raise _missing("policy")
            return
        document = _read(policy)
        _check_expiration(document)
        self._check_conditions(document.get("conditions", []), {**self.fields, "bucket": bucket})

    def _check_conditions(self, conditions: Any, fields: dict[str, str]) -> None:
        if not isinstance(conditions, list):
            raise _invalid("Invalid 'conditions' value: must be a List.")
        named = {"bucket"}
        for kind, *arguments in map(_parts, conditions):
            if kind == "content-length-range":
                self._check_size(*arguments)
                continue
            name = str(arguments[0]).removeprefix("$").lower()
            named.add(name)
            value, wanted = fields.get(name, ""), str(arguments[1])
            if not (value == wanted if kind == "eq" else value.startswith(wanted)):
                shown = json.dumps([kind, f"${name}", wanted])
                raise _denied(f"Policy Condition failed: {shown}")
        extra = [
            name for name in fields if name not in named | _FREE and not name.startswith(_IGNORED)
        ]
        if extra:
            raise _denied(f"Extra input fields: {', '.join(extra)}")

    def _check_size(self, least: Any, most: Any) -> None:
        try:
            low, high = int(least), int(most)
        except (TypeError, ValueError):
            raise _invalid("Invalid content-length-range.") from None
        size = self.size or 0
        if size < low:
            message = "Your proposed upload is smaller than the minimum allowed size"
            raise ServiceError("EntityTooSmall", message)
        if size > high:
            message = "Your proposed upload exceeds the maximum allowed size"
            raise ServiceError("EntityTooLarge", message)


def parse(content_type: str, body: bytes) -> Form:
    """Reads a form up to its file: S3 ignores what comes after it. Raises ServiceError."""
    fields: dict[str, str] = {}
    for part, content in _parts_of(content_type, body):
        name = str(part.name).lower()
        if name == "file":
            filename = getattr(part, "filename", "") or ""
            if "key" in fields:
                fields["key"] = fields["key"].replace("${filename}", filename)
            return Form(fields, len(content))
        fields[name] = content.decode(errors="replace")
    return Form(fields, None)


def _parts_of(content_type: str, body: bytes) -> Iterator[tuple[Any, bytes]]:
    """The fields and files of a form in their order, each with its content."""
    from werkzeug.http import parse_options_header
    from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

    boundary = parse_options_header(content_type)[1].get("boundary", "")
    decoder = MultipartDecoder(boundary.encode())
    decoder.receive_data(body)
    decoder.receive_data(None)
    part: Any = None
    content = b""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                part, content = event, b""
            elif isinstance(event, Data):
                content += event.data
                if not event.more_data:
                    yield part, content
    except ValueError as error:
        message = "The body of your POST request is not well-formed multipart/form-data."
        raise ServiceError("MalformedPOSTRequest", message) from error


def _read(policy: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.b64decode(policy))
    except (ValueError, RecursionError):
        raise _invalid("Invalid JSON.") from None
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON.")
    return document


def _check_expiration(document: dict[str, Any]) -> None:
    try:
        until = datetime.fromisoformat(document["expiration"]).replace(tzinfo=UTC).timestamp()
    except KeyError:
        raise _invalid("Policy missing expiration.") from None
    except (TypeError, ValueError):
        raise _invalid(f"Invalid 'expiration' value: '{document['expiration']}'") from None
    if until < time.time():
        raise _denied("Policy expired.")


def _parts(condition: Any) -> list[Any]:
    """A condition as a list: {"acl": "private"} is ["eq", "$acl", "private"]."""
    match condition:
        case dict() if len(condition) == 1:
            [(name, value)] = condition.items()
            return ["eq", f"${name}", value]
        case [str(kind), _, _] if kind.lower() in {"eq", "starts-with", "content-length-range"}:
            return [kind.lower(), *condition[1:]]
    raise _invalid(f"Invalid Condition: {json.dumps(condition)}")


def _missing(field: str) -> ServiceError:
    return ServiceError(
        "InvalidArgument",
        f"Bucket POST must contain a field named '{field}'.  If it is specified, please check the "
        "order of the fields.",
    )


def _invalid(reason: str) -> ServiceError:
    return ServiceError("InvalidPolicyDocument", f"Invalid Policy: {reason}")


def _denied(reason: str) -> ServiceError:
    return ServiceError("AccessDenied", f"Invalid according to Policy: {reason}", _FORBIDDEN)
