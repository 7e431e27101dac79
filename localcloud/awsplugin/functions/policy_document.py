"""Policy documents written as properties."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.functions.common import Function
from localcloud.awsplugin.properties import Properties
from localcloud.awsplugin.resources.iam_rules import as_list

_PRINCIPALS = {"principals": "Principal", "notPrincipals": "NotPrincipal"}
_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "resources": "Resource",
    "notResources": "NotResource",
}


def _policy_document(cloud: Cloud, arguments: Properties) -> Properties:  # noqa: ARG001
    inherited = [
        statement
        for source in arguments.get("sourcePolicyDocuments") or ()
        for statement in as_list(json.loads(source).get("Statement"))
    ]
    own = [_statement(item) for item in arguments.get("statements") or ()]
    document: dict[str, Any] = {"Version": arguments.get("version") or "2012-10-17"}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    document["Statement"] = _overridden([*inherited, *own], arguments)
    return {
        **arguments,
        "version": document["Version"],
        "id": hashlib.sha256(json.dumps(document).encode()).hexdigest()[:10],
        "json": json.dumps(document, indent=2),
        "minifiedJson": json.dumps(document, separators=(",", ":")),
    }


def _overridden(statements: list[Any], arguments: Properties) -> list[Any]:
    """Return the statements with those of the same Sid in the overriding documents in place."""
    for source in arguments.get("overridePolicyDocuments") or ():
        for statement in as_list(json.loads(source).get("Statement")):
            sid = statement.get("Sid")
            statements = [item for item in statements if not sid or item.get("Sid") != sid]
            statements.append(statement)
    return statements


def _statement(given: Properties) -> Properties:
    statement: Properties = {"Sid": given["sid"]} if given.get("sid") else {}
    statement["Effect"] = given.get("effect") or "Allow"
    for name, element in _LISTS.items():
        if given.get(name):
            values = sorted(given[name], reverse=True)
            statement[element] = values[0] if len(values) == 1 else values
    for name, element in _PRINCIPALS.items():
        if given.get(name):
            statement[element] = _principals(given[name])
    if given.get("conditions"):
        statement["Condition"] = _conditions(given["conditions"])
    return statement


def _principals(given: list[Properties]) -> Any:
    if any(item["type"] == "*" for item in given):
        return "*"
    found: dict[str, list[str]] = {}
    for item in given:
        found.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: values[0] if len(values) == 1 else values for kind, values in found.items()}


def _conditions(given: list[Properties]) -> Properties:
    found: dict[str, dict[str, Any]] = {}
    for item in given:
        values = item["values"]
        test = found.setdefault(item["test"], {})
        test[item["variable"]] = values[0] if len(values) == 1 else values
    return found


FUNCTIONS: Final[Mapping[str, Function]] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": _policy_document,
}
