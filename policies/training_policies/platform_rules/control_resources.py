"""Controls that are resources of their own: each bucket and each VPC has all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.platform_rules.resource_types import BUCKETS, of_types, s3_types
from training_policies.policy import Parameters, StackPolicy
from training_policies.resource import UNKNOWN, Resource
from training_policies.violation import Violation


@dataclass(frozen=True)
class Companion:
    """A resource that must stand beside another, and the property by which it names that one."""

    applies: Callable[[str], bool]
    property: str


def judge_companions(
    resources: Sequence[Resource],
    applies: Callable[[str], bool],
    identities: Sequence[str],
    companions: Mapping[str, Companion],
) -> Iterator[Violation]:
    """The violations of resources that lack one of their companions.

    Args:
        resources: those of the stack.
        applies: whether a resource of a type must have the companions.
        identities: the properties by whose values companions may name the resource.
        companions: by what people call them.
    """
    for resource in (each for each in resources if applies(each.type)):
        for label, companion in companions.items():
            if not any(_belongs(each, companion, resource, identities) for each in resources):
                yield Violation(
                    f"{resource.name} without {label}",
                    "it is a resource of its own, and nothing else asks for it",
                    "none",
                    f"{label}, in the same stack",
                    f"add {label}",
                    resource.urn,
                )


def _belongs(
    other: Resource, companion: Companion, resource: Resource, identities: Sequence[str]
) -> bool:
    """Whether a resource is this one's companion.

    Before anything exists only the dependencies tell. Where they are not known either, it may be:
    it is judged again at the update.
    """
    if not companion.applies(other.type):
        return False
    named: Any = other.read(companion.property)
    sources = other.dependencies.get(companion.property, ())
    if named is UNKNOWN:
        return resource.urn in sources or not sources
    return named in [resource.read(each) for each in identities] or resource.urn in sources


_BUCKET_CONTROLS = {
    "a public access block": "bucketPublicAccessBlock",
    "ownership controls": "bucketOwnershipControls",
    "versioning": "bucketVersioning",
    "an encryption configuration": "bucketServerSideEncryptionConfiguration",
    "a bucket policy": "bucketPolicy",
    "a lifecycle configuration": "bucketLifecycleConfiguration",
}


def _judge_buckets(resources: Sequence[Resource], _: Parameters) -> Iterator[Violation]:
    companions = {
        label: Companion(of_types(*s3_types(name)), "bucket")
        for label, name in _BUCKET_CONTROLS.items()
    }
    yield from judge_companions(resources, BUCKETS.__contains__, ("bucket", "id"), companions)


def _judge_vpcs(resources: Sequence[Resource], _: Parameters) -> Iterator[Violation]:
    companions = {
        "flow logs": Companion(of_types("aws:ec2/flowLog:FlowLog"), "vpcId"),
        "an emptied default security group": Companion(
            of_types("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"), "vpcId"
        ),
    }
    yield from judge_companions(resources, of_types("aws:ec2/vpc:Vpc"), ("id",), companions)


BUCKET_CONTROLS = StackPolicy(
    name="s3-bucket-controls",
    checks=(
        "each bucket of a stack has a public access block, ownership controls, "
        "versioning, encryption, a policy and a lifecycle"
    ),
    severity="high",
    controls=[security_hub("S3.8"), security_hub("S3.5"), checkov("CKV2_AWS_6"), nist("AC-3")],
    remedy="add the controls that are missing",
    judge=_judge_buckets,
)

VPC_CONTROLS = StackPolicy(
    name="vpc-controls",
    checks="each VPC of a stack has flow logs and an emptied default group",
    severity="high",
    controls=[security_hub("EC2.6"), security_hub("EC2.2"), nist("AU-12")],
    remedy="add the controls that are missing",
    judge=_judge_vpcs,
)
