"""What roles and users may do: only actions and resources that are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.parameters import matches, texts
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import (
    Statement,
    allowing,
    has_wildcard,
    is_wild,
)
from training_policies.platform_rules.resource_types import of_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation

NAMESPACE = "cloudwatch:namespace"
"""The condition key that limits PutMetricData to the stack's metrics; it takes no resource."""

_NO_RESOURCE = [
    "bedrock:ListFoundationModels",
    "chatbot:Describe*",
    "chatbot:ListTagsForResource",
    "cloudwatch:DescribeAnomalyDetectors",
    "cloudwatch:GetMetricData",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:ListMetrics",
    "cloudwatch:PutMetricData",
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ecr:DescribeRegistry",
    "ecr:GetAuthorizationToken",
    "fsx:DescribeFileSystems",
    "iam:GetAccountSummary",
    "iam:ListAccountAliases",
    "iam:ListRoles",
    "kms:ListAliases",
    "kms:ListKeys",
    "logs:DescribeLogGroups",
    "pricing:GetProducts",
    "s3:GetAccountPublicAccessBlock",
    "s3:ListAllMyBuckets",
    "sagemaker:List*",
    "sagemaker:Search",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "servicequotas:ListServiceQuotas",
    "sns:GetSubscriptionAttributes",
    "states:ValidateStateMachineDefinition",
    "sts:GetCallerIdentity",
    "tag:GetResources",
    "tag:GetTagKeys",
    "tag:GetTagValues",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]
_WITH_CONTEXT = [
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]
"""Uses of a key that a condition on the encryption context can bind to a purpose."""

POLICY_TYPES = of_types(
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/policy:Policy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/role:Role",
)
"""Whether a type says what an identity may do."""
_ATTACHMENT_TYPES = of_types(
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/role:Role",
)
DOCUMENTS = ("policy", "inlinePolicies.policy")
"""Where these types have their documents."""


def _judge_actions(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        if "NotAction" in statement.all_but:
            yield _violation(
                statement,
                "all actions but a few",
                statement.actions,
                "actions by their names",
                "every action that AWS adds is allowed with it",
            )
            continue
        wild = [each for each in statement.actions if has_wildcard(each)]
        others = [each for each in wild if not _among(each, parameters["wildcardActions"])]
        if others:
            yield _violation(
                statement,
                "actions by a wildcard",
                others,
                "actions by their names",
                "it also allows what no one thought of, and what AWS adds later",
            )


def _judge_resources(document: Any, parameters: Parameters) -> Iterator[Violation]:
    for statement in allowing(document):
        if "NotResource" in statement.all_but:
            wild = statement.resources
        else:
            wild = [each for each in statement.resources if _is_every(each)]
        if wild and not _may_be_every(statement, wild, parameters):
            yield _violation(
                statement,
                f"{', '.join(statement.actions)} on every resource",
                wild,
                "resources by their names",
                "it also reaches the resources of other teams",
            )


def _may_be_every(statement: Statement, wild: list[str], parameters: Parameters) -> bool:
    """Whether AWS takes no resource for these actions, or these resources have no fixed names."""
    if "NotResource" in statement.all_but or "NotAction" in statement.all_but:
        return False
    if statement.acts_on("cloudwatch:PutMetricData") and not statement.limited_by([NAMESPACE]):
        return False
    if all(_among(each, parameters["actionsWithoutResource"]) for each in statement.actions):
        return True
    if all(_among(each, _WITH_CONTEXT) for each in statement.actions):
        # What was encrypted for one purpose is decrypted only for it, with whatever key.
        return statement.limited_by(["kms:EncryptionContext:*"])
    return all(_among(each, parameters["resourcesOfAnyName"]) for each in wild)


def _is_every(resource: str) -> bool:
    """Whether a resource is all of a kind: `*`, or an ARN whose name is a wildcard."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return has_wildcard(resource)
    service, name = parts[2], parts[5]
    if service == "s3":
        return is_wild(name.partition("/")[0])
    after_kind = re.split("[/:]", name, maxsplit=1)[-1]
    return is_wild(re.sub("[/:]", "", after_kind))


def _judge_managed(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    attached = [
        resource.read("policyArn"),
        *_listed(resource.read("policyArns")),
        *_listed(resource.read("managedPolicyArns")),
    ]
    for arn in attached:
        if isinstance(arn, str) and _among(arn, parameters["refused"]):
            yield Violation(
                "a managed policy of full access",
                "it allows whole services on every resource of the account",
                arn,
                "a policy of the stack's own, with what is needed",
            )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _among(text: str, patterns: list[str]) -> bool:
    return matches(text.lower(), [each.lower() for each in patterns])


def _violation(
    statement: Statement, what: str, asked: list[str], allowed: str, why: str
) -> Violation:
    label = f"the statement {statement.sid}" if statement.sid else "a statement"
    return Violation(f"{label} allows {what}", why, asked, allowed)


WILDCARD_ACTIONS = Policy(
    name="iam-wildcard-actions",
    checks="no IAM policy allows actions by a wildcard",
    severity="high",
    controls=[security_hub("IAM.21"), security_hub("IAM.1"), checkov("CKV_AWS_286"), nist("AC-6")],
    remedy="name the actions that are needed, and no more",
    parameters={
        "wildcardActions": texts(
            ["*:Describe*", "*:List*"], "Patterns of the actions with a wildcard that are allowed."
        )
    },
    applies=POLICY_TYPES,
    judge=for_documents(_judge_actions, *DOCUMENTS),
)

WILDCARD_RESOURCES = Policy(
    name="iam-wildcard-resources",
    checks="no IAM policy allows actions on every resource of a kind, except actions "
    "for which AWS takes no resource",
    severity="high",
    controls=[checkov("CKV_AWS_288"), checkov("CKV_AWS_290"), nist("AC-6")],
    remedy="name the resources that are needed, and no more",
    parameters={
        "actionsWithoutResource": texts(
            _NO_RESOURCE, "Patterns of the actions that may be allowed on every resource."
        ),
        "resourcesOfAnyName": texts(
            ["arn:*:ec2:*:*:network-interface/*", "arn:*:ec2:*:*:vpc/*"],
            "Patterns of the resources that a policy need not name one by one.",
        ),
    },
    applies=POLICY_TYPES,
    judge=for_documents(_judge_resources, *DOCUMENTS),
)

MANAGED_POLICIES = Policy(
    name="iam-managed-full-access",
    checks="no role, user or group has a managed policy of full access",
    severity="critical",
    controls=[security_hub("IAM.1"), checkov("CKV_AWS_274"), nist("AC-6")],
    remedy="write the actions and resources that are needed into a policy of the role",
    parameters={
        "refused": texts(
            ["*FullAccess*", "*AdministratorAccess*", "*/PowerUserAccess"],
            "Patterns of the ARNs of policies that are refused.",
        )
    },
    applies=_ATTACHMENT_TYPES,
    judge=_judge_managed,
)
