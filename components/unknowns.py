"""Values that the engine does not know yet in a preview, as a dynamic provider gets them."""

from __future__ import annotations

from typing import Any

from pulumi.output import Unknown
from pulumi.runtime import rpc

UNKNOWN: str = rpc.UNKNOWN
"""The text that means an unknown value to the engine."""


def is_unknown(value: Any) -> bool:
    """Whether this value itself is not known yet."""
    return isinstance(value, Unknown) or (isinstance(value, str) and value == UNKNOWN)


def has_unknown(value: Any) -> bool:
    """Whether this value or anything in it is not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(has_unknown(each) for each in value)
    return is_unknown(value)


def to_wire(value: Any) -> Any:
    """The value with each unknown as the text that the engine understands."""
    if isinstance(value, dict):
        return {key: to_wire(each) for key, each in value.items()}
    if isinstance(value, list):
        return [to_wire(each) for each in value]
    return UNKNOWN if is_unknown(value) else value
