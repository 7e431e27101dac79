"""What IAM would decide by one document, for any caller, by the local cloud's evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.permissions.context import Context
from localcloud.permissions.evaluation import Decision, Policies, Principal, Request, decision
from localcloud.permissions.policy_documents import parse

Values = Mapping[str, str | Sequence[str]]


def allowed(document: dict[str, Any], action: str, resource: str, context: Values) -> bool:
    """Whether some statement allows the request and none denies it."""
    return _decision(document, action, resource, context) == "allowed"


def denied(document: dict[str, Any], action: str, resource: str, context: Values) -> bool:
    """Whether some statement denies the request."""
    return _decision(document, action, resource, context) == "explicitDeny"


def _decision(document: dict[str, Any], action: str, resource: str, context: Values) -> Decision:
    denials = [each for each in document["Statement"] if each["Effect"] == "Deny"]
    assert all(each.get("Principal", "*") == "*" for each in denials), "who calls is not looked at"
    request = Request(Principal(), action, resource, Context(context))
    return decision(request, Policies(identity=[parse(json.dumps(document))]))
