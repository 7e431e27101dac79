"""What IAM would decide: as much of its evaluation as the policies here need.

Anything that it doesn't know raises, so that no document passes by being misunderstood.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.components.policies import as_list

Context = Mapping[str, str | Sequence[str]]


def allowed(document: dict[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether some statement allows the request and none denies it."""
    effects = {
        statement["Effect"]
        for statement in document["Statement"]
        if _applies(statement, action, resource, context)
    }
    return effects == {"Allow"}


def denied(document: dict[str, Any], action: str, resource: str, context: Context) -> bool:
    """Whether some statement denies the request."""
    return any(
        statement["Effect"] == "Deny" and _applies(statement, action, resource, context)
        for statement in document["Statement"]
    )


def _applies(statement: dict[str, Any], action: str, resource: str, context: Context) -> bool:
    assert statement.keys() <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    assert statement.get("Principal", "*") == "*", "who calls is not looked at"
    return (
        any(_like(action, each) for each in as_list(statement["Action"]))
        and any(_like(resource, each) for each in as_list(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), as_list(expected))
            for operator, keys in statement.get("Condition", {}).items()
            for key, expected in keys.items()
        )
    )


def _holds(operator: str, value: str | Sequence[str] | None, expected: list[str]) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return str(value is None).lower() in expected
    if name.endswith("IfExists") and value is None:
        return True
    name = name.removesuffix("IfExists")
    if positive := _NEGATED.get(name):
        assert not quantifier
        return not _holds(positive, value, expected)
    matches = _OPERATORS[name]
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    found = [any(matches(each, pattern) for pattern in expected) for each in values]
    if quantifier == "ForAllValues":
        return all(found)
    if quantifier == "ForAnyValue":
        return any(found)
    assert not quantifier
    assert len(values) <= 1, f"{operator} needs a quantifier for {values}"
    return found == [True]


def _like(value: str, pattern: str) -> bool:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value) is not None


def _equal(value: str, expected: str) -> bool:
    return value == expected


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "ArnEquals": _like,  # as in AWS, where ArnEquals and ArnLike are the same
    "ArnLike": _like,
    "Bool": _equal,
    "StringEquals": _equal,
    "StringLike": _like,
}

_NEGATED = {
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "StringNotEquals": "StringEquals",
}
"""What is true where the other is not, a missing key included."""
