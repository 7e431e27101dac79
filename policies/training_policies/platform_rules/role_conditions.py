"""Actions that a role should have only under a condition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.platform_rules.document_rules import for_documents
from training_policies.platform_rules.iam_statements import allowing, has_wildcard
from training_policies.platform_rules.role_policies import DOCUMENTS, POLICY_TYPES
from training_policies.policy import Parameters, Policy
from training_policies.violation import Violation

_NETWORK = ["sagemaker:VpcSecurityGroupIds", "sagemaker:VpcSubnets"]
_CONDITIONS = {
    "iam:PassRole": ["iam:PassedToService"],
    "kms:CreateGrant": ["kms:GrantIsForAWSResource"],
    "kms:Decrypt": ["kms:ViaService"],
    "kms:Encrypt": ["kms:ViaService"],
    "kms:GenerateDataKey": ["kms:ViaService"],
    "sagemaker:CreateHyperParameterTuningJob": _NETWORK,
    "sagemaker:CreateTrainingJob": _NETWORK,
}


def _judge(document: Any, parameters: Parameters) -> Iterator[Violation]:
    """Actions with a wildcard are left to another policy, which requires their names."""
    for statement in allowing(document):
        named = [each for each in statement.actions if not has_wildcard(each)]
        for action, keys in parameters["conditions"].items():
            given = {key for of in statement.conditions.values() for key in of}
            lacking = [key for key in keys if not statement.depends_on(key)]
            if lacking and action.lower() in [each.lower() for each in named]:
                yield Violation(
                    f"the statement {statement.sid or 'without a name'} allows {action}",
                    "without the condition it reaches more than is meant",
                    f"conditions on {', '.join(sorted(given))}" if given else "no condition",
                    f"a condition on {' and '.join(lacking)}",
                    f"add to the statement a condition on {' and '.join(lacking)}",
                )


ROLE_CONDITIONS = Policy(
    name="iam-conditions",
    checks="an IAM policy allows keys, grants, roles and launches only under conditions",
    severity="high",
    controls=[nist("AC-6")],
    remedy="add the condition",
    parameters={
        "conditions": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "default": _CONDITIONS,
            "description": "Actions, and the condition keys that each of them needs.",
        }
    },
    applies=POLICY_TYPES,
    judge=for_documents(_judge, *DOCUMENTS),
)
