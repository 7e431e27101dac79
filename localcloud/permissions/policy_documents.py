"""Parses policy documents strictly: an unknown element of a statement is an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from localcloud.permissions import conditions, patterns
from localcloud.permissions.patterns import PolicyError

_ELEMENTS = {
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Principal",
    "NotPrincipal",
    "Condition",
}
_VERSIONS = ("2008-10-17", "2012-10-17")
_ANYBODY = {"AWS": ("*",)}

Principals = Mapping[str, tuple[str, ...]]
"""Principals by kind: AWS, Service, Federated, CanonicalUser."""


@dataclass(frozen=True)
class Statement:
    """One statement."""

    deny: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: Principals = field(default_factory=dict)
    not_principals: Principals = field(default_factory=dict)
    conditions: conditions.Conditions = field(default_factory=dict)
    variables: bool = True
    """Whether `${…}` is a variable, as in the policy language's current version."""


@dataclass(frozen=True)
class Policy:
    """A policy's statements."""

    statements: tuple[Statement, ...] = ()


@lru_cache(1024)
def parse(text: str) -> Policy:
    """Parses a policy document. Raises PolicyError for what can't be evaluated."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"A policy is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise PolicyError("A policy is not a JSON object")
    version = document.get("Version", _VERSIONS[0])
    if version not in _VERSIONS:
        raise PolicyError(f"The policy version {version} is not known")
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        raise PolicyError("A policy's Statement is neither an object nor a list")
    variables = version == _VERSIONS[-1]
    return Policy(tuple(_statement(each, variables=variables) for each in statements))


def _statement(document: Any, *, variables: bool) -> Statement:
    if not isinstance(document, dict):
        raise PolicyError("A statement is not a JSON object")
    unknown = set(document) - _ELEMENTS
    if unknown:
        raise PolicyError(f"A statement has the unknown element {min(unknown)}")
    if document.get("Effect") not in {"Allow", "Deny"}:
        raise PolicyError("A statement's Effect is neither Allow nor Deny")
    if ("Action" in document) == ("NotAction" in document):
        raise PolicyError("A statement has either Action or NotAction")
    statement = Statement(
        deny=document["Effect"] == "Deny",
        actions=_texts(document.get("Action", ())),
        not_actions=_texts(document.get("NotAction", ())),
        resources=_texts(document.get("Resource", ())),
        not_resources=_texts(document.get("NotResource", ())),
        principals=_principals(document.get("Principal", {})),
        not_principals=_principals(document.get("NotPrincipal", {})),
        conditions=_conditions(document.get("Condition", {})),
        variables=variables,
    )
    for pattern in (*statement.resources, *statement.not_resources):
        patterns.check_arn(pattern)
    conditions.check(statement.conditions)
    return statement


def _principals(value: Any) -> Principals:
    if value == "*":
        return _ANYBODY
    if not isinstance(value, dict):
        raise PolicyError(f"{value!r} is not a principal")
    return {kind: _texts(names) for kind, names in value.items()}


def _conditions(value: Any) -> conditions.Conditions:
    if not isinstance(value, dict) or not all(isinstance(keys, dict) for keys in value.values()):
        raise PolicyError("A Condition is not an object of operators with their keys")
    return {
        operator: {key: _texts(values) for key, values in keys.items()}
        for operator, keys in value.items()
    }


def _texts(value: Any) -> tuple[str, ...]:
    """One value or a list of them as texts, true and 1 as JSON writes them."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(each if isinstance(each, str) else json.dumps(each) for each in values)
