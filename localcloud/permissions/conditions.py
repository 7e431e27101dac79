"""The conditions of a statement (IAM User Guide, "JSON policy elements: Condition operators").

All operators, and all keys of each, must hold; of a key's values, any one. An operator that is not
listed here is an error.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.permissions import patterns, values
from localcloud.permissions.context import Context
from localcloud.permissions.patterns import PolicyError

Read = Callable[[str], Any]
"""Parses a value's text; raises ValueError if it is not a valid value."""
Compare = Callable[[str, str, Context | None], bool]
"""Takes a policy's value, a request's value and the context for the variables."""
Conditions = Mapping[str, Mapping[str, Sequence[str]]]
"""Values by operator and key."""

_ANY, _ALL, _IF_EXISTS = "ForAnyValue:", "ForAllValues:", "IfExists"


@dataclass(frozen=True)
class _Operator:
    compare: Compare
    negated: bool = False
    read: Read = str
    """Parses a policy's value, so that an invalid one is reported at once."""


def _same_text(value: str, text: str, context: Context | None) -> bool:
    return patterns.equals(value.lower(), text.lower(), context)


def _arn(value: str, text: str, context: Context | None) -> bool:
    return patterns.matches_arn(value, text, context)


def _typed(read: Read, holds: Callable[[Any, Any], bool], *, negated: bool = False) -> _Operator:
    """An operator that compares parsed values; an invalid value in the request never matches."""

    def compare(value: str, text: str, _context: Context | None) -> bool:
        try:
            return holds(read(text), read(value))
        except ValueError:
            return False

    return _Operator(compare, negated, read)


def _ordered(kind: str, read: Read) -> Mapping[str, _Operator]:
    return {
        f"{kind}Equals": _typed(read, operator.eq),
        f"{kind}NotEquals": _typed(read, operator.eq, negated=True),
        f"{kind}LessThan": _typed(read, operator.lt),
        f"{kind}LessThanEquals": _typed(read, operator.le),
        f"{kind}GreaterThan": _typed(read, operator.gt),
        f"{kind}GreaterThanEquals": _typed(read, operator.ge),
    }


def _within(address: values.Network, block: values.Network) -> bool:
    return address.version == block.version and address.network_address in block


_OPERATORS: Mapping[str, _Operator] = {
    "StringEquals": _Operator(patterns.equals),
    "StringNotEquals": _Operator(patterns.equals, negated=True),
    "StringEqualsIgnoreCase": _Operator(_same_text),
    "StringNotEqualsIgnoreCase": _Operator(_same_text, negated=True),
    "StringLike": _Operator(patterns.matches),
    "StringNotLike": _Operator(patterns.matches, negated=True),
    "ArnEquals": _Operator(_arn),
    "ArnLike": _Operator(_arn),
    "ArnNotEquals": _Operator(_arn, negated=True),
    "ArnNotLike": _Operator(_arn, negated=True),
    "Bool": _Operator(_same_text),
    "IpAddress": _typed(values.network, _within),
    "NotIpAddress": _typed(values.network, _within, negated=True),
    **_ordered("Numeric", float),
    **_ordered("Date", values.seconds),
}


def check(conditions: Conditions) -> None:
    """Raises PolicyError for an operator, or a value of one, that can't be evaluated."""
    for name, keys in conditions.items():
        _, found, _ = _parse(name)
        for value in (each for texts in keys.values() for each in texts):
            _check_value(name, found, value)


def _check_value(name: str, found: _Operator | None, value: str) -> None:
    try:
        if found is not None:
            found.read(value)
    except ValueError as error:
        raise PolicyError(f"The condition operator {name} can't compare: {error}") from error


def hold(conditions: Conditions, context: Context, *, variables: bool) -> bool:
    """Whether all conditions hold; `variables` is whether the policy's version has variables."""
    known = context if variables else None
    return all(
        _holds(name, wanted, context.get(key), known)
        for name, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _holds(
    name: str, wanted: Sequence[str], found: tuple[str, ...], context: Context | None
) -> bool:
    prefix, comparison, if_exists = _parse(name)
    if comparison is None:
        return any((value.lower() == "true") == (not found) for value in wanted)
    if not found:
        # A missing key differs from everything (IAM User Guide, as above).
        return if_exists or prefix == _ALL or (comparison.negated and not prefix)
    if prefix == _ALL:
        return all(_fits(comparison, wanted, each, context) for each in found)
    if not prefix and len(found) > 1:
        raise PolicyError(f"{name} compares a key of several values: use {_ANY} or {_ALL}")
    return any(_fits(comparison, wanted, each, context) for each in found)


def _fits(
    comparison: _Operator, wanted: Sequence[str], found: str, context: Context | None
) -> bool:
    return comparison.negated != any(comparison.compare(each, found, context) for each in wanted)


def _parse(name: str) -> tuple[str, _Operator | None, bool]:
    """Splits an operator's name; for Null, the operator is None."""
    prefix = next((each for each in (_ANY, _ALL) if name.startswith(each)), "")
    base = name.removeprefix(prefix)
    if base == "Null":
        return "", None, False
    comparison = _OPERATORS.get(base.removesuffix(_IF_EXISTS))
    if comparison is None:
        raise PolicyError(f"The condition operator {name} is not known")
    return prefix, comparison, base.endswith(_IF_EXISTS)
