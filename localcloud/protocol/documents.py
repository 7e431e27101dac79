"""Parses the JSON documents of the local cloud's own requests into dataclasses.

Only values of the right type and within their bounds get in: true is not a number, a number is
finite, text has no lone surrogates, and an unknown member is refused, as it may be a typing error.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from localcloud.protocol.errors import validation_error

Parsed = TypeVar("Parsed")

_YEAR = 366 * 86_400
Seconds = Annotated[float, Field(ge=0, le=_YEAR)]
"""A time in seconds: up to a year, which every clock and lock can count."""
Count = Annotated[int, Field(ge=0, le=10**9)]

strict = with_config(ConfigDict(strict=True, extra="forbid", allow_inf_nan=False))
"""Decorates a dataclass that `parse` returns."""


def parse(kind: type[Parsed], document: dict[str, Any], what: str) -> Parsed:
    """A document as a `strict` dataclass.

    Raises a ValidationException that names `what` the document should be, and each member that is
    wrong.
    """
    try:
        parsed: Parsed = TypeAdapter(kind).validate_json(json.dumps(document))
    except ValidationError as error:
        problems = "; ".join(_shown(each["loc"], each["msg"]) for each in error.errors())
        raise validation_error(f"This is not {what}: {problems}") from error
    return parsed


def _shown(path: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, path)) or 'document'}: {message}".replace(
        "keyword argument", "member"
    )
