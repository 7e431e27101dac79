"""Controls that are resources of their own: each bucket and each VPC must have all of them.

A bucket may have some of them among its own properties instead, if these say what they must.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from training_policies.compliance import Control, checkov, nist, security_hub
from training_policies.platform_rules.bucket_settings import encrypts_inline, expires_inline
from training_policies.platform_rules.resource_types import BUCKETS, s3_types
from training_policies.policy import Parameters, StackPolicy
from training_policies.resource import UNKNOWN, Resource, is_absent
from training_policies.violation import Violation


@dataclass(frozen=True)
class _Kind:
    """A kind of control: what people call it, its types, and where a property does the same."""

    label: str
    types: Collection[str]
    inline: Callable[[Resource], bool] = lambda _: False


def _controls_policy(
    name: str,
    checks: str,
    protected: Collection[str],
    property_: str,
    identities: Sequence[str],
    kinds: Sequence[_Kind],
    controls: Sequence[Control],
) -> StackPolicy:
    """The policy that a stack has every control of each resource of the `protected` types.

    Args:
        name: the policy's name.
        checks: what it checks.
        protected: the types of the resources that must have the controls.
        property_: the property by which a control names the resource that it protects.
        identities: the properties of a protected resource whose values may be that name.
        kinds: the kinds of controls.
        controls: the frameworks' requirements.
    """

    def judge(resources: Sequence[Resource], _: Parameters) -> Iterator[Violation]:
        for resource in (each for each in resources if each.type in protected):
            for kind in kinds:
                candidates = (each for each in resources if each.type in kind.types)
                if not kind.inline(resource) and not any(
                    protects(each, resource) for each in candidates
                ):
                    yield Violation(
                        f"{resource.name} without {kind.label}",
                        "it is a resource of its own; without it, AWS's default applies, which no "
                        "policy checks",
                        "none",
                        f"{kind.label}, in the same stack",
                        f"add {kind.label} for it to the stack",
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
    [
        _Kind("a public access block", s3_types("bucketPublicAccessBlock")),
        _Kind("ownership controls", s3_types("bucketOwnershipControls")),
        _Kind(
            "versioning",
            s3_types("bucketVersioning"),
            lambda bucket: bucket.read("versioning.enabled") is True,
        ),
        _Kind(
            "an encryption configuration",
            s3_types("bucketServerSideEncryptionConfiguration"),
            encrypts_inline,
        ),
        _Kind(
            "a bucket policy",
            s3_types("bucketPolicy"),
            # Its text is judged like that of a policy of its own.
            lambda bucket: not is_absent(bucket.read("policy")),
        ),
        _Kind(
            "a lifecycle configuration",
            s3_types("bucketLifecycleConfiguration"),
            expires_inline,
        ),
    ],
    [security_hub("S3.8"), security_hub("S3.5"), checkov("CKV2_AWS_6"), nist("AC-3")],
)

VPC_CONTROLS = _controls_policy(
    "vpc-controls",
    "each VPC of a stack has flow logs and an emptied default group",
    ("aws:ec2/vpc:Vpc",),
    "vpcId",
    ("id",),
    [
        _Kind("flow logs", ("aws:ec2/flowLog:FlowLog",)),
        _Kind(
            "an emptied default security group",
            ("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",),
        ),
    ],
    [security_hub("EC2.6"), security_hub("EC2.2"), nist("AU-12")],
)
