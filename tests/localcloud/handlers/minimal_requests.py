"""The smallest request for an operation, made from its model in botocore."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from localcloud.protocol.validation import broken_constraints

_TEXTS = (
    "a", "my-name", "123456789012", "us-east-1", "arn:aws:iam::123456789012:role/my-name",
    "a@example.com", "https://example.com", "{}", "1", "10.0.0.0/16", "2025-01-01",
    "00000000-0000-4000-8000-000000000000", "/a", "a/b",
)  # fmt: skip
_DEEPEST = 8


def minimal(shape: Any, depth: int = 0) -> Any:
    """A value with only the required members.

    A text may break its pattern if none of a few fits: then the service refuses the request.
    """
    match shape.type_name:
        case "structure":
            required = shape.required_members if depth < _DEEPEST else ()
            if getattr(shape, "is_tagged_union", False) and not required:
                required = list(shape.members)[:1]
            return {name: minimal(shape.members[name], depth + 1) for name in required}
        case "list":
            return [minimal(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1))
        case "map":
            return {minimal(shape.key, depth + 1): minimal(shape.value, depth + 1)}
        case "string" if shape.metadata.get("enum"):
            return shape.metadata["enum"][0]
        case "string":
            texts = (*_TEXTS, "a" * shape.metadata.get("min", 1))
            return next((each for each in texts if not [*broken_constraints(each, shape)]), "a")
        case "integer" | "long" | "float" | "double":
            return max(1, shape.metadata.get("min", 1))
        case "boolean":
            return True
        case "timestamp":
            return datetime(2025, 1, 1, tzinfo=UTC)
    return b"{}"
