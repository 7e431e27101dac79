"""The type of a setting in whole seconds, which takes durations as people write them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from components.durations import TEXT_PATTERN, parse_duration


def _seconds(value: Any) -> int:
    """`parse_duration`, whose error pydantic would otherwise put a prefix to."""
    try:
        return parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{rule}", {"rule": str(error)}) from None


DurationText = Annotated[str, StringConstraints(pattern=TEXT_PATTERN, min_length=2)]

Seconds = Annotated[int, BeforeValidator(_seconds, json_schema_input_type=int | DurationText)]
"""A field in whole seconds that also takes `90s`, `30m`, `2h`, `1h30m` or `2d`."""
