"""Controls that are resources of their own: each bucket and each VPC must have all of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from training_policies.compliance import Control, checkov, nist, security_hub
from training_policies.platform_rules.resource_types import BUCKETS, s3_types
from training_policies.policy import Parameters, StackPolicy
from training_policies.resource import UNKNOWN, Resource
from training_policies.violation import Violation


def _controls_policy(
    name: str,
    checks: str,
    protected: Collection[str],
    property_: str,
    identities: Sequence[str],
    types: Mapping[str, Collection[str]],
    controls: Sequence[Control],
) -> StackPolicy:
    """The policy that a stack has every control of each resource of the `protected` types.

    Args:
        name: the policy's name.
        checks: what it checks.
        protected: the types of the resources that must have the controls.
        property_: the property by which a control names the resource that it protects.
        identities: the properties of a protected resource whose values may be that name.
        types: the types of each control, by what people call it.
        controls: the frameworks' requirements.
    """

    def judge(resources: Sequence[Resource], _: Parameters) -> Iterator[Violation]:
        for resource in (each for each in resources if each.type in protected):
            for label, control_types in types.items():
                candidates = (each for each in resources if each.type in control_types)
                if not any(protects(each, resource) for each in candidates):
                    yield Violation(
                        f"{resource.name} without {label}",
                        "it is a resource of its own, and nothing else asks for it",
                        "none",
                        f"{label}, in the same stack",
                        f"add {label}",
                        resource.urn,
                    )

    def protects(control: Resource, resource: Resource) -> bool:
        """Whether a control is this resource's.

        Before anything exists, only the dependencies say so. Where they are not known either, the
        control counts; it is judged again at the update.
        """
        named = control.read(property_)
        sources = control.dependencies.get(property_, ())
        if named is UNKNOWN:
            return resource.urn in sources or not sources
        return named in [resource.read(each) for each in identities] or resource.urn in sources

    return StackPolicy(
        name=name,
        checks=checks,
        severity="high",
        controls=controls,
        remedy="add the controls that are missing",
        judge=judge,
    )


BUCKET_CONTROLS = _controls_policy(
    "s3-bucket-controls",
    "each bucket of a stack has a public access block, ownership controls, versioning, encryption, "
    "a policy and a lifecycle",
    BUCKETS,
    "bucket",
    ("bucket", "id"),
    {
        "a public access block": s3_types("bucketPublicAccessBlock"),
        "ownership controls": s3_types("bucketOwnershipControls"),
        "versioning": s3_types("bucketVersioning"),
        "an encryption configuration": s3_types("bucketServerSideEncryptionConfiguration"),
        "a bucket policy": s3_types("bucketPolicy"),
        "a lifecycle configuration": s3_types("bucketLifecycleConfiguration"),
    },
    [security_hub("S3.8"), security_hub("S3.5"), checkov("CKV2_AWS_6"), nist("AC-3")],
)

VPC_CONTROLS = _controls_policy(
    "vpc-controls",
    "each VPC of a stack has flow logs and an emptied default group",
    ("aws:ec2/vpc:Vpc",),
    "vpcId",
    ("id",),
    {
        "flow logs": ("aws:ec2/flowLog:FlowLog",),
        "an emptied default security group": ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
    },
    [security_hub("EC2.6"), security_hub("EC2.2"), nist("AU-12")],
)
