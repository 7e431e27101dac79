"""Key policies that leave a key to its account, and name who else may use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.parameters import accounts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import Statement, allowing, named_accounts
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.value_rules import absent_or, exactly
from training_policies.violation import Violation

_OWN_CALLERS = ["kms:CallerAccount", "aws:PrincipalAccount", "aws:PrincipalOrgID"]
_PURPOSES = [*_OWN_CALLERS, "aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID"]
_USES = [*_PURPOSES, "kms:ViaService", "kms:EncryptionContext:*"]


def _judge_policy(document: Any, parameters: Parameters) -> Iterator[Violation]:
    yield from _judge_accounts(document, parameters["trustedAccounts"])
    for statement in allowing(document):
        if "NotPrincipal" in statement.all_but or (
            statement.is_for_everyone and not statement.limited_by(_OWN_CALLERS)
        ):
            yield _violation(statement, "is for everyone", statement.principals)
        elif _is_unbound_service(statement):
            yield _violation(
                statement, "is for a service, for any account that it acts for", _who(statement)
            )
        elif _administers(statement) and not _is_root(statement):
            yield _violation(
                statement, "gives the whole key to others than the account", _who(statement)
            )


def _judge_accounts(document: Any, trusted: list[str]) -> Iterator[Violation]:
    """A key's policy always names its own account, so that a second account is a foreign one."""
    found = named_accounts(document) - {*trusted}
    if len(found) > 1:
        yield Violation(
            "a key of several accounts",
            "another account decides by itself who in it uses the key",
            sorted(found),
            ["the key's own account", *trusted],
            "remove the other account, or ask for it to be trusted",
        )


def _judge_key_policy(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    yield from for_documents(_judge_policy, "policy")(resource, parameters)
    yield from absent_or(exactly(False)).violations(
        resource,
        ["bypassPolicyLockoutSafetyCheck"],
        "without the check, a policy may leave the key without an administrator, for ever",
        parameters,
    )


def _is_unbound_service(statement: Statement) -> bool:
    return "Service" in statement.principals and not statement.limited_by(_USES)


def _administers(statement: Statement) -> bool:
    """Whether all of the key's administration is allowed, its policy included."""
    return statement.acts_on("kms:PutKeyPolicy") or "NotAction" in statement.all_but


def _is_root(statement: Statement) -> bool:
    """Whether it is for the account itself, whose IAM policies then decide."""
    names = [each for kind in statement.principals.values() for each in kind]
    return bool(names) and all(each.endswith(":root") for each in names)


def _who(statement: Statement) -> list[str]:
    return [each for names in statement.principals.values() for each in names]


def _violation(statement: Statement, what: str, asked: Any) -> Violation:
    label = f"the key policy's statement {statement.sid}".rstrip()
    return Violation(
        f"{label} {what}",
        "only a key's policy decides who can read everything that it encrypts",
        asked,
        "the account's root, and services under a condition on their source or purpose",
    )


KEY_POLICY = Policy(
    name="kms-key-policy",
    checks=("a key's policy names its principals, and binds services to a source or a purpose"),
    severity="critical",
    controls=[security_hub("KMS.5"), checkov("CKV_AWS_33"), nist("SC-12")],
    remedy="name the principal, or add a condition such as aws:SourceAccount",
    parameters={
        "trustedAccounts": accounts("The ids of other accounts that a key's policy may name.")
    },
    applies=of_types("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"),
    judge=_judge_key_policy,
)
