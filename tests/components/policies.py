"""Reading IAM documents in tests: what the linter says, and what an action may touch."""

from __future__ import annotations

import json
from typing import Any

from parliament import analyze_policy_string  # type: ignore[import-untyped]


def lint(document: dict[str, Any]) -> set[str]:
    """The kinds of findings that the linter has for an identity's policy."""
    return {finding.issue for finding in analyze_policy_string(json.dumps(document)).findings}


def lint_trust(document: dict[str, Any]) -> set[str]:
    """The kinds of findings for a trust policy.

    The linter takes each document for an identity's policy and calls one without resources
    malformed, which a trust policy must be. So it reads a copy that names a role.
    """
    role = "arn:aws:iam::123456789012:role/assumed"
    statements = [{**each, "Resource": role} for each in document["Statement"]]
    return lint({**document, "Statement": statements})


def actions(document: dict[str, Any], effect: str = "Allow") -> set[str]:
    """Every action that a document names."""
    return {
        action
        for statement in document["Statement"]
        if statement["Effect"] == effect
        for action in as_list(statement["Action"])
    }


def scope(document: dict[str, Any], action: str) -> list[tuple[list[str], dict[str, Any]]]:
    """The resources and conditions of each statement that names `action`."""
    return [
        (as_list(statement["Resource"]), statement.get("Condition", {}))
        for statement in document["Statement"]
        if action in as_list(statement["Action"])
    ]


def statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    """The statement of that name."""
    (found,) = (each for each in document["Statement"] if each["Sid"] == sid)
    return dict(found)


def as_list(value: str | list[str]) -> list[str]:
    """AWS writes one thing or a list of things."""
    return [value] if isinstance(value, str) else value
