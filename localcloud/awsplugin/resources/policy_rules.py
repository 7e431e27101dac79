"""AWS's checks of policy documents; the local endpoint accepts nearly all documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from localcloud.awsplugin.plugin_errors import AwsError, Failure
from localcloud.awsplugin.properties import Properties

_VERSIONS = ("2012-10-17", "2008-10-17")


def statements(document: str) -> list[dict[str, Any]]:
    """The statements of a policy, [] if it is none."""
    try:
        policy = json.loads(document)
    except ValueError:
        return []
    found = policy.get("Statement", []) if isinstance(policy, dict) else []
    return [item for item in as_list(found) if isinstance(item, dict)]


def as_list(value: Any) -> list[Any]:
    """A value of a policy as a list: AWS takes a single value for a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def policy_failures(inputs: Properties, name: str, *needed: str) -> Iterator[Failure]:
    """What AWS would refuse as malformed in the policy `name`.

    Each statement must have each of `needed` or its negation: Principal in the policies of
    resources, Resource in those of identities.
    """
    text = inputs.get(name)
    if not isinstance(text, str) or not text:
        return
    try:
        document = json.loads(text)
    except ValueError:
        return  # reported already, as invalid JSON
    if not isinstance(document, dict) or not document.get("Statement"):
        yield Failure(name, "MalformedPolicyDocument: the policy has no Statement")
        return
    if document.get("Version", _VERSIONS[0]) not in _VERSIONS:
        version = document["Version"]
        problem = f"Version {version!r} is not one of {_VERSIONS}"
        yield Failure(name, f"MalformedPolicyDocument: {problem}")
    for position, statement in enumerate(as_list(document["Statement"])):
        for problem in _problems(statement, needed):
            yield Failure(name, f"MalformedPolicyDocument: Statement {position} {problem}")


def _problems(statement: Any, needed: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(statement, dict):
        yield "is not an object"
        return
    if statement.get("Effect") not in {"Allow", "Deny"}:
        yield f"has the Effect {statement.get('Effect')!r}, not Allow or Deny"
    for element in ("Action", *needed):
        if not statement.get(element) and not statement.get(f"Not{element}"):
            yield f"has neither {element} nor Not{element}"


def principals(statement: dict[str, Any]) -> list[str]:
    """The AWS principals of a statement; `*` for everyone."""
    principal = statement.get("Principal")
    if isinstance(principal, dict):
        return [str(item) for item in as_list(principal.get("AWS"))]
    return [str(item) for item in as_list(principal)]


def check_key_policy(operation: str, document: str, account: str) -> None:
    """Refuses a key policy after which no one in the account could change it."""
    for statement in statements(document):
        own = any(p == "*" or account in p for p in principals(statement))
        actions = [str(action).lower() for action in as_list(statement.get("Action"))]
        if (
            own
            and statement.get("Effect") == "Allow"
            and any(fnmatchcase("kms:putkeypolicy", action) for action in actions)
        ):
            return
    message = "The new key policy will not allow you to update the key policy in the future."
    raise AwsError(operation, "MalformedPolicyDocumentException", message)
