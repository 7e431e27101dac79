"""One resource as a policy sees it, read so that no unknown value is missed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final

from pulumi_policy import proxy
from pulumi_policy.proxy import UnknownValueError


class Absence(Enum):
    """Why there is no value to judge."""

    MISSING = "missing"
    UNKNOWN = "unknown"


MISSING: Final = Absence.MISSING
"""The resource does not have the property."""

UNKNOWN: Final = Absence.UNKNOWN
"""The property's value is not known before the update."""

_UNKNOWN_VALUES = frozenset(
    {
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    }
)
"""The texts that the engine's messages have in place of unknown values."""


@dataclass(frozen=True)
class Resource:
    """A read-only view of one resource.

    `properties` are the inputs in a resource policy, the final outputs in a stack policy.
    `dependencies` has, for each property, the URNs of the resources that its value comes from;
    only stack policies see them, and they are known where the values are not. A component groups
    other resources and creates nothing; every other resource has a provider. `account` is the id of
    the only account that the provider accepts, "" where it may accept several.
    """

    type: str
    name: str
    urn: str
    properties: Mapping[str, Any]
    parent: str = ""
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_component: bool = False
    account: str = ""

    def read(self, path: str = "") -> Any:
        """The value at a dotted path such as `vpcConfig.subnets.0`; all properties for "".

        It is MISSING or UNKNOWN where there is none to judge, and within lists and mappings each
        unknown leaf is UNKNOWN by itself. Whole numbers are integers.
        """
        return read(self.properties, path) if path else self._whole

    @cached_property
    def _whole(self) -> Any:
        """All properties, which every policy for training jobs reads, and none changes."""
        return plain(self.properties)


def read(values: Any, path: str = "") -> Any:
    """The value at a dotted path in mappings and lists as the SDK hands them over."""
    found = values
    for part in path.split(".") if path else ():
        found = _step(found, part)
        if isinstance(found, Absence):
            return found
    return plain(found)


def plain(value: Any) -> Any:
    """A value without the SDK's wrappers: unknowns are UNKNOWN, whole floats integers."""
    if value is None:
        return MISSING
    if _is_unknown(value):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {key: plain(_item(value, key)) for key in value}
    if _is_list(value):
        return [plain(_item(value, index)) for index in range(len(value))]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _step(values: Any, part: str) -> Any:
    if isinstance(values, Mapping):
        return _item(values, part)
    if _is_list(values) and part.isdecimal() and int(part) < len(values):
        return _item(values, int(part))
    return MISSING


def _item(values: Any, key: Any) -> Any:
    """One item, which `in` must not be asked for: it raises where the value is unknown."""
    try:
        value = values[key]
    except KeyError:
        return MISSING
    except UnknownValueError:
        return UNKNOWN
    if value is None:
        return MISSING
    return UNKNOWN if _is_unknown(value) else value


def _is_unknown(value: Any) -> bool:
    return isinstance(value, str) and value in _UNKNOWN_VALUES


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def is_absent(value: Any) -> bool:
    """Whether a property is not there, or is there and empty."""
    return value is MISSING or value == "" or value == []


def as_the_sdk_sends(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Properties as the SDK hands them to a policy, from plain ones with `UNKNOWN` in them.

    Touching an unknown value raises an error, all numbers are floats, and nulls and names that
    begin with two underscores are left out. Plain dictionaries would hide mistakes with these.
    """
    sent: Mapping[str, Any] = proxy.unknown_checking_proxy(_sdk_value(properties))
    return sent


def _sdk_value(value: Any) -> Any:
    """A value as it comes out of the engine's messages."""
    if value is UNKNOWN:
        return proxy.UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: _sdk_value(each) for key, each in value.items() if _is_sent(key, each)}
    if isinstance(value, list | tuple):
        return [_sdk_value(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return (
            float(value)
            if abs(value) <= sys.float_info.max
            else math.copysign(math.inf, 1 if value > 0 else -1)
        )
    return value


def _is_sent(key: str, value: Any) -> bool:
    return value is not None and not key.startswith("__")
