"""What a bucket's own policy must refuse: requests without TLS, the public, and other keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import Statement, allowing, denying
from training_policies.platform_rules.resource_types import BUCKETS, of_types, s3_types
from training_policies.policy import Parameters, Policy
from training_policies.violation import Violation

_SECURE = "aws:securetransport"
_ENCRYPTION = "s3:x-amz-server-side-encryption"
_CUSTOMER_KEY = f"{_ENCRYPTION}-customer-algorithm"
_HEADERS = {
    _ENCRYPTION: "differs from aws:kms",
    f"{_ENCRYPTION}-aws-kms-key-id": "differs from the stack's key",
    _CUSTOMER_KEY: "is there",
}
_NULL = "Null"
_NEGATED = ("StringNotEquals", "StringNotEqualsIfExists", "ArnNotEquals", "ArnNotEqualsIfExists")
OWN_CALLERS = [
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceVpc",
    "aws:SourceVpce",
]
"""Condition keys that limit a statement for everyone to the account's own principals."""


def _judge_transport(document: Any, _: Parameters) -> Iterator[Violation]:
    refused = [each for each in denying(document) if _refuses_plain(each)]
    if not _covers_bucket_and_objects([name for each in refused for name in each.resources]):
        yield Violation(
            "a bucket that can be reached without TLS",
            "data and credentials cross the network in plain text",
            "no statement that denies it",
            "a Deny of s3:* for everyone, on bucket and objects, where aws:SecureTransport is "
            "false, without another condition",
        )


def _refuses_plain(statement: Statement) -> bool:
    """Whether all requests without TLS to some resources are denied, and not only some."""
    return (
        statement.is_for_everyone
        and not statement.all_but
        and any(each in ("*", "s3:*") for each in statement.actions)
        and refuses_only_plain_text(statement)
    )


def refuses_only_plain_text(statement: Statement) -> bool:
    """Whether a statement's one condition is that the request comes without TLS."""
    tests = [
        (operator, key.lower(), values)
        for operator, keys in statement.conditions.items()
        for key, values in keys.items()
    ]
    return (
        len(tests) == 1
        and tests[0][0].startswith("Bool")
        and tests[0][1:]
        == (
            _SECURE,
            ["false"],
        )
    )


def _covers_bucket_and_objects(resources: list[str]) -> bool:
    """Whether a bucket is there with all of its objects."""
    whole = {each.removesuffix("/*") for each in resources if each.endswith("/*")}
    return "*" in resources or any(each in whole for each in resources)


def _judge_public(document: Any, _: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        if "NotPrincipal" in statement.all_but or (
            statement.is_for_everyone and not statement.limited_by(OWN_CALLERS)
        ):
            yield Violation(
                "a bucket that is open to everyone",
                "everyone in the world can do this",
                statement.actions,
                "named principals, or a condition that only the account's own principals meet",
            )


def _judge_keys(document: Any, _: Parameters) -> Iterator[Violation]:
    refused = {_refused_header(each) for each in denying(document)}
    for header, rule in _HEADERS.items():
        if header not in refused:
            yield Violation(
                f"uploads whose header {header} {rule}",
                "with another key, the stack's key no longer decides who reads the object",
                "no statement that denies them",
                f"a Deny of s3:PutObject for everyone, on all objects, where the header {rule}",
            )


def _refused_header(statement: Statement) -> str:
    """The one header by which a statement refuses uploads for everyone, "" where it doesn't."""
    headers = {key.lower() for keys in statement.conditions.values() for key in keys}
    refuses = (
        len(headers) == 1
        and statement.is_for_everyone
        and statement.acts_on("s3:PutObject")
        and any(each == "*" or each.endswith("/*") for each in statement.resources)
    )
    header = headers.pop() if refuses else ""
    by = [_NULL] if header == _CUSTOMER_KEY else _NEGATED
    return header if any(operator in by for operator in statement.conditions) else ""


_POLICIES = of_types(*s3_types("bucketPolicy"), *BUCKETS)
"""Buckets can have a policy of their own, too."""

TRANSPORT = Policy(
    name="s3-tls-only",
    checks="a bucket's policy denies every request without TLS",
    severity="high",
    controls=[security_hub("S3.5"), checkov("CKV_AWS_379"), nist("SC-8")],
    remedy="add the statement that denies requests without TLS to the bucket's policy",
    applies=_POLICIES,
    judge=for_documents(_judge_transport, "policy"),
)

NOT_PUBLIC = Policy(
    name="s3-no-public-policy",
    checks="a bucket's policy allows nothing to the public",
    severity="critical",
    controls=[security_hub("S3.2"), security_hub("S3.3"), nist("AC-3")],
    remedy="name in the statement's Principal who may reach the bucket, or remove the statement",
    applies=_POLICIES,
    judge=for_documents(_judge_public, "policy"),
)

OTHER_KEYS = Policy(
    name="s3-other-keys",
    checks="a bucket's policy denies uploads with another encryption or key",
    severity="medium",
    controls=[checkov("CKV_AWS_145"), nist("SC-28")],
    remedy="add the statement that denies such uploads to the bucket's policy",
    applies=_POLICIES,
    judge=for_documents(_judge_keys, "policy"),
)
