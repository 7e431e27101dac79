"""The policy that capacity is only asked for as a training job, where policies can see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation

_REFUSED = [
    # Other ways to SageMaker's instances, which no quota counts.
    *(
        f"aws:sagemaker/{name}:*"
        for name in (
            "app",
            "cluster",
            "endpoint",
            "hyperParameterTuningJob",
            "labelingJob",
            "notebookInstance",
            "pipeline",
            "processingJob",
            "space",
            "transformJob",
        )
    ),
    # Other packages for AWS, and templates and commands that make anything: no policy reads them.
    "aws-native:*",
    "aws:cloudformation/*",
    "aws:index/*",
    "awscc:*",
    "command:*",
]
_CALL = re.compile(
    r"(?i)create[-_]?(training|hyper[-_]?parameter[-_]?tuning|processing|transform|auto[-_]?ml)"
    r"[-_]?job"
)
"""A call of SageMaker that takes instances, as it is written in code, commands and workflows."""

_MAY_NAME_IT = (
    "aws:cloudwatch/eventRule:",
    "aws:ec2/vpcEndpoint:",
    "aws:iam/",
    "aws:organizations/",
)
"""The beginnings of types whose resources name the call without making it."""


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if matches(resource.type, parameters["refused"]):
        yield _violation("a resource that uses capacity, or creates what does", resource)
    elif not resource.type.startswith(_MAY_NAME_IT):
        calls = {found[0] for text in _texts(resource.read()) if (found := _CALL.search(text))}
        for call in sorted(calls):
            yield _violation(f"a call of {call} outside of a training job", resource)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            left += each.values()
        elif isinstance(each, list):
            left += each


def _violation(what: str, resource: Resource) -> Violation:
    return Violation(
        what,
        "no quota counts what it uses, and no policy sees how it is protected",
        resource.type,
        "training jobs, and resources of the provider aws",
    )


OTHER_ROUTES = Policy(
    name="quota-other-routes",
    checks="nothing uses SageMaker's instances outside of the quotas, and that nothing "
    "is created where no policy reads it",
    severity="high",
    controls=[nist("SC-6"), nist("CM-7")],
    remedy="make it a training job, move it to a stack that is not for training, or have it "
    "exempted",
    parameters={"refused": texts(_REFUSED, "Patterns of the types of resources that are refused.")},
    applies=lambda _: True,
    judge=_judge,
)
