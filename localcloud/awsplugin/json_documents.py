"""Equality of JSON documents and of IAM policies, which AWS stores in a form of its own."""

from __future__ import annotations

import json
from typing import Any

# In these fields of a policy a single value is a list of one, and order means nothing.
_VALUE_LISTS = frozenset(
    {
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
    }
)


def to_text(document: Any) -> Any:
    """A document given as an object as JSON text; anything else as it is."""
    if isinstance(document, dict | list):
        return json.dumps(document, sort_keys=True, separators=(",", ":"))
    return document


def same_document(first: Any, second: Any) -> bool:
    """Whether two texts are the same JSON document, or the same IAM policy."""
    if not isinstance(first, str) or not isinstance(second, str):
        return bool(first == second)
    try:
        return bool(_normal(json.loads(first)) == _normal(json.loads(second)))
    except ValueError:
        return first == second


def _normal(value: Any, name: str = "") -> Any:
    if name in _VALUE_LISTS:
        values = value if isinstance(value, list) else [value]
        return sorted((_principal(item) if name == "AWS" else item for item in values), key=str)
    if isinstance(value, dict):
        return _normal_object(value, name)
    return [_normal(item) for item in value] if isinstance(value, list) else value


def _principal(value: Any) -> Any:
    """An account's number as the ARN that AWS makes of it."""
    whole = isinstance(value, str) and value.isdigit()
    return f"arn:aws:iam::{value}:root" if whole else value


def _normal_object(value: dict[str, Any], name: str) -> dict[str, Any]:
    if name == "Condition":
        return {operator: _condition(keys) for operator, keys in value.items()}
    normal = {key: _normal(item, key) for key, item in value.items()}
    if isinstance(normal.get("Statement"), dict):
        normal["Statement"] = [normal["Statement"]]
    if normal.get("Principal") == "*":
        normal["Principal"] = {"AWS": ["*"]}
    if "Effect" in normal and normal.get("Sid") == "":
        del normal["Sid"]
    return normal


def _condition(keys: Any) -> Any:
    if not isinstance(keys, dict):
        return keys
    return {
        key: sorted(_text(item) for item in (values if isinstance(values, list) else [values]))
        for key, values in keys.items()
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
