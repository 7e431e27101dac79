"""Policies that let others reach a resource: they name principals of the account, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.parameters import accounts, texts
from training_policies.platform_rules.bucket_policies import OWN_CALLERS
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import (
    Statement,
    account_of,
    allowing,
    callers,
)
from training_policies.platform_rules.resource_types import BUCKETS, s3_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation

_NAME = "iam-resource-policies"
_DOCUMENTS = {
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
    "aws:efs/fileSystemPolicy:FileSystemPolicy": "policy",
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "resourcePolicy",
    "aws:secretsmanager/secret:Secret": "policy",
    "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
    "aws:sqs/queue:Queue": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
"""Where each type has its document."""

_JUDGED_FURTHER = dict.fromkeys(
    (
        *BUCKETS,
        *s3_types("bucketPolicy"),
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
    ),
    "policy",
)
"""The same of types for which other policies judge everyone and services."""

_OWN_NAMES = ("secretArn", "queueUrl", "arn")
"""The properties by which such a policy names its resource, with its account."""

_SOURCES = ("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID")
_UNKNOWN_ACCOUNT = "the account's own principals, by their ARNs"


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    own = {resource.account, *map(_account, map(resource.read, _OWN_NAMES))} - {""}

    def judge_document(document: Any, _: Parameters) -> Iterator[Violation]:
        for statement in allowing(document):
            yield from _judge_names(statement, own, parameters["trustedAccounts"])
            if resource.type in _DOCUMENTS:
                yield from _judge_everyone(statement)
                yield from _judge_services(statement, parameters["servicesWithoutSource"])

    path = (_DOCUMENTS | _JUDGED_FURTHER)[resource.type]
    yield from for_documents(judge_document, path)(resource, parameters)


def _account(name: Any) -> str:
    """The account in an ARN or in a queue's URL, "" where it is not known."""
    parts = name.split("/") if isinstance(name, str) else []
    return next((found for found in map(account_of, [*parts, str(name)]) if found), "")


def _judge_names(statement: Statement, own: set[str], trusted: list[str]) -> Iterator[Violation]:
    others = [each for each in callers(statement) if _is_foreign(each, {*own, *trusted})]
    others += [
        name
        for kind, names in statement.principals.items()
        if kind not in ("*", "AWS", "Service")
        for name in names
    ]
    if others:
        found = sorted({account_of(each) for each in others} - {""})
        line = json.dumps({_NAME: {"trustedAccounts": [*trusted, *found]}})
        yield _violation(
            statement,
            "names principals of an account that is not known to be the stack's",
            others,
            [*sorted(own), *trusted] or _UNKNOWN_ACCOUNT,
            f'remove them, or ask for this line in the configuration: "policies": {line}',
        )


def _is_foreign(name: str, own: set[str]) -> bool:
    """Whether a name is of another account; ARNs of buckets, as sources, are of none."""
    of_bucket = name.split(":")[2:5] == ["s3", "", ""]
    return account_of(name) not in own and not of_bucket


def _judge_everyone(statement: Statement) -> Iterator[Violation]:
    if "NotPrincipal" in statement.all_but or (
        statement.is_for_everyone and not statement.limited_by(OWN_CALLERS)
    ):
        yield _violation(
            statement,
            "is for everyone",
            statement.actions,
            "named principals, or a condition that only the account's own principals meet",
            "name who may reach the resource",
        )


def _judge_services(statement: Statement, exempt: list[str]) -> Iterator[Violation]:
    services = [each for each in statement.principals.get("Service", []) if each not in exempt]
    if services and not statement.limited_by(_SOURCES):
        yield _violation(
            statement,
            "is for a service, for any account that it acts for",
            services,
            "a condition on aws:SourceAccount or aws:SourceArn",
            "add the condition",
        )


def _violation(statement: Statement, what: str, asked: Any, allowed: Any, remedy: str) -> Violation:
    label = f"the policy's statement {statement.sid}".rstrip()
    why = "those whom a resource's policy names reach it without a role of the account"
    return Violation(f"{label} {what}", why, asked, allowed, remedy)


RESOURCE_POLICIES = Policy(
    name=_NAME,
    checks="a policy of a bucket, topic, queue, secret, image repository, file system or model "
    "package group names only principals of its own account, and services for one account",
    severity="critical",
    controls=[
        security_hub("SQS.3"),
        checkov("CKV_AWS_32"),
        checkov("CKV_AWS_168"),
        nist("AC-3"),
    ],
    remedy="name principals of the stack's own account",
    parameters={
        "trustedAccounts": accounts(
            "The ids of accounts that such policies may name. The stack's own must be among them "
            "where neither aws:allowedAccountIds nor the resource's ARN says it."
        ),
        "servicesWithoutSource": texts([], "Services that name no source when they call."),
    },
    applies=frozenset((*_DOCUMENTS, *_JUDGED_FURTHER)).__contains__,
    judge=_judge,
)
