"""The conditions of a statement (IAM User Guide, "JSON policy elements: Condition operators").

All operators and all of their keys must hold, of a key's values any one. An operator that is
not listed here is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localcloud.permissions import patterns
from localcloud.permissions.context import Context
from localcloud.permissions.errors import PolicyError

Compare = Callable[[str, str, Context | None], bool]
"""Takes a policy's value, a request's value and the context for the variables."""
Conditions = Mapping[str, Mapping[str, Sequence[str]]]
"""Values by operator and key."""

_ANY, _ALL, _IF_EXISTS = "ForAnyValue:", "ForAllValues:", "IfExists"


@dataclass(frozen=True)
class _Operator:
    compare: Compare
    negated: bool = False


def _same_text(value: str, text: str, context: Context | None) -> bool:
    return patterns.equals(value.lower(), text.lower(), context)


def _arn(value: str, text: str, context: Context | None) -> bool:
    return patterns.matches_arn(value, text, context)


def _numbers(holds: Callable[[float, float], bool]) -> Compare:
    def compare(value: str, text: str, _context: Context | None) -> bool:
        try:
            return holds(float(text), float(value))
        except ValueError:
            return False

    return compare


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
    "NumericEquals": _Operator(_numbers(lambda text, value: text == value)),
    "NumericNotEquals": _Operator(_numbers(lambda text, value: text == value), negated=True),
    "NumericLessThan": _Operator(_numbers(lambda text, value: text < value)),
    "NumericLessThanEquals": _Operator(_numbers(lambda text, value: text <= value)),
    "NumericGreaterThan": _Operator(_numbers(lambda text, value: text > value)),
    "NumericGreaterThanEquals": _Operator(_numbers(lambda text, value: text >= value)),
}


def check(conditions: Conditions) -> None:
    """Raise PolicyError for an operator that can't be judged."""
    for name in conditions:
        _parse(name)


def hold(conditions: Conditions, context: Context, *, variables: bool) -> bool:
    """Tell whether all conditions hold; `variables` whether the policy's version has them."""
    known = context if variables else None
    return all(
        _holds(name, values, context.get(key), known)
        for name, keys in conditions.items()
        for key, values in keys.items()
    )


def _holds(
    name: str, values: Sequence[str], found: tuple[str, ...], context: Context | None
) -> bool:
    prefix, operator, if_exists = _parse(name)
    if operator is None:
        return any((value.lower() == "true") == (not found) for value in values)
    if not found:
        # A key that is not there differs from everything (IAM User Guide, as above).
        return if_exists or prefix == _ALL or (operator.negated and not prefix)
    if prefix == _ALL:
        return all(_fits(operator, values, each, context) for each in found)
    if not prefix and len(found) > 1:
        raise PolicyError(f"{name} compares a key of several values: use {_ANY} or {_ALL}")
    return any(_fits(operator, values, each, context) for each in found)


def _fits(operator: _Operator, values: Sequence[str], found: str, context: Context | None) -> bool:
    return operator.negated != any(operator.compare(value, found, context) for value in values)


def _parse(name: str) -> tuple[str, _Operator | None, bool]:
    """Split an operator's name; no operator stands for Null."""
    prefix = next((each for each in (_ANY, _ALL) if name.startswith(each)), "")
    base = name.removeprefix(prefix)
    if base == "Null":
        return "", None, False
    operator = _OPERATORS.get(base.removesuffix(_IF_EXISTS))
    if operator is None:
        raise PolicyError(f"The condition operator {name} is not known")
    return prefix, operator, base.endswith(_IF_EXISTS)
