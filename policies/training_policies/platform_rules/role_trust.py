"""Who may assume a role: named principals of listed accounts, listed workflows, and services.

A policy sees no account of its own, so a role's own account must be listed, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from training_policies.compliance import checkov, nist
from training_policies.parameters import matches, texts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import Statement, allowing, has_wildcard
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.violation import Violation

_NAME = "iam-role-trust"
_SOURCES = ["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"]
_CALLERS = ["sts:ExternalId", "aws:PrincipalArn", "aws:PrincipalOrgID"]
_WHOLE_ACCOUNT = re.compile(r"\d{12}|arn:[^:]+:iam::\d{12}:root")
_PRINCIPAL = re.compile(r"(\d{12})|arn:[^:]+:(?:iam|sts)::(\d{12}):.+")
_GITHUB = re.compile(
    r"arn:[^:]+:iam::\d{12}:oidc-provider/token\.actions\.githubusercontent\.com(/[\w-]+)?"
)
"""The identity provider of GitHub's workflows; an enterprise may have one of its own name."""


def _judge(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        if "NotPrincipal" in statement.all_but or statement.is_for_everyone:
            yield _violation(
                "everyone may assume the role", statement.principals, "principals by their names"
            )
            continue
        yield from _judge_services(statement, parameters["servicesWithoutSource"])
        yield from _judge_principals(statement, parameters)
        yield from _judge_federation(statement, parameters)


def _judge_services(statement: Statement, exempt: list[str]) -> Iterator[Violation]:
    services = [each for each in statement.principals.get("Service", []) if each not in exempt]
    if services and not statement.limited_by(_SOURCES):
        yield _violation(
            "a service may assume the role for any account",
            services,
            "a condition on aws:SourceAccount or aws:SourceArn",
        )


def _judge_principals(statement: Statement, parameters: Parameters) -> Iterator[Violation]:
    arns = statement.principals.get("AWS", [])
    named = [each for each in arns if not has_wildcard(each)]
    if wild := [each for each in arns if has_wildcard(each)]:
        yield _violation("principals by a wildcard", wild, "roles and users by their names")
    whole = parameters["trustedAccounts"]
    known = [*parameters["accounts"], *whole]
    if foreign := [each for each in named if _account(each) not in known]:
        yield _violation(
            "principals of an account that is not listed",
            foreign,
            known or "no account",
            _line(parameters, "accounts", map(_account, foreign)),
        )
    accounts = [
        each for each in named if _WHOLE_ACCOUNT.fullmatch(each) and _account(each) not in whole
    ]
    if accounts and not statement.limited_by(_CALLERS):
        yield _violation(
            "a whole account may assume the role",
            accounts,
            "roles and users by their names, or a condition on sts:ExternalId or aws:PrincipalArn",
        )


def _account(principal: str) -> str:
    """The account of a principal; "" of one that names none, such as the id of a user."""
    found = _PRINCIPAL.fullmatch(principal)
    return next(filter(None, found.groups())) if found else ""


def _judge_federation(statement: Statement, parameters: Parameters) -> Iterator[Violation]:
    """A token of an identity provider must be named by its subject, without a wildcard."""
    providers = statement.principals.get("Federated", [])
    if not providers:
        return
    others = [each for each in providers if not _GITHUB.fullmatch(each)]
    known = parameters["identityProviders"]
    if unknown := [each for each in others if not matches(each, known)]:
        yield _violation(
            "an identity provider that is not listed",
            unknown,
            ["GitHub's", *known],
            _line(parameters, "identityProviders", unknown),
        )
    subjects = _subjects(statement)
    if not subjects or any(has_wildcard(each) for each in subjects):
        yield _violation(
            "everyone with a token of an identity provider may assume the role",
            subjects or providers,
            "a condition on the token's subject, without a wildcard",
        )
    elif len(others) < len(providers):
        yield from _judge_workflows(subjects, parameters)


def _judge_workflows(subjects: Sequence[str], parameters: Parameters) -> Iterator[Violation]:
    known = parameters["githubSubjects"]
    if unknown := [each for each in subjects if not matches(each, known)]:
        yield _violation(
            "a workflow that is not listed",
            unknown,
            known or "no workflow",
            _line(parameters, "githubSubjects", unknown),
        )


def _subjects(statement: Statement) -> list[str]:
    """The values that a token's subject must have; none where there is no such condition."""
    return [
        value
        for operator, keys in statement.conditions.items()
        if operator in ("StringEquals", "StringLike")
        for key, values in keys.items()
        if key.lower().endswith(":sub")
        for value in values
    ]


def _line(parameters: Parameters, parameter: str, more: Iterable[str]) -> str:
    """The remedy that a list of the configuration needs these values more."""
    values = [*parameters[parameter], *filter(None, dict.fromkeys(more))]
    line = json.dumps({_NAME: {parameter: values}})
    return f'remove them, or ask for this line in the configuration: "policies": {line}'


def _violation(what: str, asked: Any, allowed: Any, remedy: str = "") -> Violation:
    return Violation(
        what, "those who may assume a role can do all that the role can", asked, allowed, remedy
    )


ROLE_TRUST = Policy(
    name=_NAME,
    checks="a role is assumed by named roles and users of listed accounts, by listed workflows, "
    "and by services only for one account",
    severity="critical",
    controls=[checkov("CKV_AWS_60"), checkov("CKV_AWS_61"), nist("AC-6")],
    remedy="name who may assume the role, and give services a condition on their source",
    parameters={
        "accounts": texts(
            [],
            "The accounts whose roles and users may assume roles, by their ids; none by default, "
            "also not the role's own.",
        ),
        "githubSubjects": texts(
            [],
            "Patterns of the subjects of GitHub's tokens that may assume roles; none by default. "
            "With repo:acme/*:environment:*:job_workflow_ref:acme/policies/.github/workflows/"
            "training-stack.yml@refs/heads/main, only that workflow may.",
        ),
        "identityProviders": texts(
            [],
            "Patterns of the ARNs of identity providers, besides GitHub's, that roles may trust.",
        ),
        "servicesWithoutSource": texts(
            ["chatbot.amazonaws.com", "ec2.amazonaws.com"],
            "Services that name no source when they assume a role.",
        ),
        "trustedAccounts": texts([], "Accounts that may be trusted as a whole, by their ids."),
    },
    applies=of_types("aws:iam/role:Role"),
    judge=for_documents(_judge, "assumeRolePolicy"),
)
