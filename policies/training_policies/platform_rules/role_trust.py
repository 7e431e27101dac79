"""Who may assume a role: named principals, and services for one account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist
from training_policies.parameters import texts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import Statement, allowing, has_wildcard
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.violation import Violation

_SOURCES = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"]
_CALLERS = ["sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID"]
_WHOLE_ACCOUNT = re.compile(r"\d{12}|arn:[^:]+:iam::\d{12}:root")


def _judge(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        if "NotPrincipal" in statement.all_but or statement.is_for_everyone:
            yield _violation(
                "everyone may assume the role", statement.principals, "principals by their names"
            )
            continue
        yield from _judge_services(statement, parameters["servicesWithoutSource"])
        yield from _judge_principals(statement, parameters["trustedAccounts"])
        yield from _judge_federation(statement)


def _judge_services(statement: Statement, exempt: list[str]) -> Iterator[Violation]:
    services = [each for each in statement.principals.get("Service", []) if each not in exempt]
    if services and not statement.limited_by(_SOURCES):
        yield _violation(
            "a service may assume the role for any account",
            services,
            "a condition on aws:SourceAccount or aws:SourceArn",
        )


def _judge_principals(statement: Statement, trusted: list[str]) -> Iterator[Violation]:
    arns = statement.principals.get("AWS", [])
    if wild := [each for each in arns if has_wildcard(each)]:
        yield _violation("principals by a wildcard", wild, "roles and users by their names")
    accounts = [
        each
        for each in arns
        if _WHOLE_ACCOUNT.fullmatch(each) and not any(account in each for account in trusted)
    ]
    if accounts and not statement.limited_by(_CALLERS):
        yield _violation(
            "a whole account may assume the role",
            accounts,
            "roles and users by their names, or a condition on sts:ExternalId or aws:PrincipalArn",
        )


def _judge_federation(statement: Statement) -> Iterator[Violation]:
    """A token of an identity provider must be named by its subject, without a wildcard."""
    providers = statement.principals.get("Federated", [])
    subjects = [
        value
        for operator, keys in statement.conditions.items()
        if operator in ("StringEquals", "StringLike")
        for key, values in keys.items()
        if key.lower().endswith(":sub")
        for value in values
    ]
    if providers and (not subjects or any(has_wildcard(each) for each in subjects)):
        yield _violation(
            "everyone with a token of an identity provider may assume the role",
            subjects or providers,
            "a condition on the token's subject, without a wildcard",
        )


def _violation(what: str, asked: Any, allowed: str) -> Violation:
    return Violation(
        what,
        "those who may assume a role can do all that the role can",
        asked,
        allowed,
    )


ROLE_TRUST = Policy(
    name="iam-role-trust",
    checks="a role is assumed by named roles, users and workflows, and by services only "
    "for one account",
    severity="critical",
    controls=[checkov("CKV_AWS_60"), checkov("CKV_AWS_61"), nist("AC-6")],
    remedy="name who may assume the role, and give services a condition on their source",
    parameters={
        "servicesWithoutSource": texts(
            ["chatbot.amazonaws.com", "ec2.amazonaws.com"],
            "Services that name no source when they assume a role.",
        ),
        "trustedAccounts": texts([], "Accounts that may be trusted as a whole, by their ids."),
    },
    applies=of_types("aws:iam/role:Role"),
    judge=for_documents(_judge, "assumeRolePolicy"),
)
