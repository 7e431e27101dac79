"""The settings of buckets, each judged where it is set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import checkov, nist, security_hub
from training_policies.platform_rules.judging import is_customer_key, of_types, s3_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.violation import Violation

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _judge_public_access(resource: Resource, _: Parameters) -> Iterator[Violation]:
    for block in _BLOCKS:
        value = resource.read(block)
        if value is not True:
            yield Violation(
                f"the public access block's {block}",
                "one wrong policy or access list makes training data public",
                value,
                True,
                f"set {block} to true",
            )


def _judge_ownership(resource: Resource, _: Parameters) -> Iterator[Violation]:
    ownership = resource.read("rule.objectOwnership")
    if ownership != "BucketOwnerEnforced":
        yield Violation(
            "who owns the bucket's objects",
            "with access lists an object can belong to another account, or to everybody",
            ownership,
            "BucketOwnerEnforced",
            "set rule.objectOwnership to BucketOwnerEnforced",
        )


def _judge_access_list(resource: Resource, _: Parameters) -> Iterator[Violation]:
    access_list = resource.read("acl")
    if access_list not in (MISSING, "private"):
        yield Violation(
            "an access list",
            "access lists reach past the bucket's policy",
            access_list,
            "private, or none",
            "remove the access list and allow what is needed in the bucket's policy",
        )


def _judge_versioning(resource: Resource, _: Parameters) -> Iterator[Violation]:
    status = resource.read("versioningConfiguration.status")
    if status != "Enabled":
        yield Violation(
            "a bucket without versions",
            "a model or checkpoint that is overwritten or deleted can't be brought back",
            status,
            "Enabled",
            "set versioningConfiguration.status to Enabled",
        )


def _judge_encryption(resource: Resource, _: Parameters) -> Iterator[Violation]:
    rules = resource.read("rules")
    if rules is UNKNOWN:
        return
    for rule in rules if isinstance(rules, list) and rules else [{}]:
        yield from _judge_encryption_rule(rule if isinstance(rule, dict) else {})


def _judge_encryption_rule(rule: dict[str, Any]) -> Iterator[Violation]:
    default = rule.get("applyServerSideEncryptionByDefault", {})
    default = default if isinstance(default, dict) else {}
    algorithm, key = default.get("sseAlgorithm", MISSING), default.get("kmsMasterKeyId", MISSING)
    if algorithm not in ("aws:kms", "aws:kms:dsse"):
        yield _encryption("the bucket's encryption", algorithm, "aws:kms")
    elif not is_customer_key(key):
        yield _encryption("the bucket's key", key, "a customer's own key")
    if rule.get("bucketKeyEnabled", MISSING) is not True:
        asked = rule.get("bucketKeyEnabled", MISSING)
        yield _encryption("a bucket key, without which each object asks KMS", asked, True)


def _encryption(what: str, asked: Any, allowed: Any) -> Violation:
    return Violation(
        what,
        "with a customer's own key it can be seen and decided who reads the bucket",
        asked,
        allowed,
        "encrypt by default with aws:kms, the stack's key and bucketKeyEnabled",
    )


def _judge_lifecycle(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    rules = resource.read("rules")
    if rules is UNKNOWN:
        return
    for element, days in _LIFECYCLE.items():
        found = [_days(each, element, days) for each in _whole_bucket(rules)]
        most = parameters["maximumDays"]
        if not any(each is UNKNOWN or (isinstance(each, int) and each <= most) for each in found):
            yield Violation(
                f"the lifecycle rule {element}",
                "incomplete uploads and old versions are billed and can be read until they expire",
                [each for each in found if each is not MISSING] or MISSING,
                f"a rule for the whole bucket of at most {most} days",
                f"add an enabled rule with {element}.{days}",
            )


_LIFECYCLE = {
    "abortIncompleteMultipartUpload": "daysAfterInitiation",
    "noncurrentVersionExpiration": "noncurrentDays",
}


def _whole_bucket(rules: Any) -> Iterator[dict[str, Any]]:
    """The enabled rules that are for every object."""
    for rule in rules if isinstance(rules, list) else ():
        limits = rule.get("filter", {}) if isinstance(rule, dict) else {"prefix": "?"}
        narrowed = isinstance(limits, dict) and any(each != "" for each in limits.values())
        if not narrowed and rule.get("status") == "Enabled" and not rule.get("prefix"):
            yield rule


def _days(rule: dict[str, Any], element: str, days: str) -> Any:
    found = rule.get(element, MISSING)
    return found.get(days, MISSING) if isinstance(found, dict) else found


PUBLIC_ACCESS = Policy(
    name="s3-public-access-block",
    display_name="Nothing in a bucket is public",
    description="Checks that all four settings of a bucket's public access block are on.",
    severity="critical",
    controls=[security_hub("S3.8"), checkov("CKV2_AWS_6"), nist("AC-3")],
    remediation="Turn all four settings on.",
    applies=of_types(*s3_types("bucketPublicAccessBlock")),
    judge=_judge_public_access,
)

OWNERSHIP = Policy(
    name="s3-object-ownership",
    display_name="Objects belong to the bucket's owner",
    description="Checks that a bucket's owner owns every object, without access lists.",
    severity="medium",
    controls=[security_hub("S3.12"), checkov("CKV2_AWS_65"), nist("AC-3")],
    remediation="Enforce the bucket owner's ownership.",
    applies=of_types(*s3_types("bucketOwnershipControls")),
    judge=_judge_ownership,
)

ACCESS_LISTS = Policy(
    name="s3-access-lists",
    display_name="No access lists",
    description="Checks that buckets and objects have no access list but a private one.",
    severity="high",
    controls=[security_hub("S3.12"), nist("AC-3")],
    remediation="Remove the access list.",
    applies=of_types(
        *s3_types("bucketAcl"),
        *s3_types("bucket"),
        "aws:s3/bucketObject:BucketObject",
        "aws:s3/bucketObjectv2:BucketObjectv2",
    ),
    judge=_judge_access_list,
)

VERSIONING = Policy(
    name="s3-versioning",
    display_name="Buckets keep versions",
    description="Checks that a bucket keeps versions of what is overwritten or deleted.",
    severity="medium",
    controls=[security_hub("S3.14"), checkov("CKV_AWS_21"), nist("CP-9")],
    remediation="Turn versioning on.",
    applies=of_types(*s3_types("bucketVersioning")),
    judge=_judge_versioning,
)

ENCRYPTION = Policy(
    name="s3-encryption",
    display_name="Buckets are encrypted with a customer's key",
    description="Checks that a bucket encrypts by default with a customer's own key and a bucket "
    "key.",
    severity="high",
    controls=[security_hub("S3.17"), checkov("CKV_AWS_145"), nist("SC-28")],
    remediation="Encrypt by default with the stack's key.",
    applies=of_types(*s3_types("bucketServerSideEncryptionConfiguration")),
    judge=_judge_encryption,
)

LIFECYCLE = Policy(
    name="s3-lifecycle",
    display_name="Old versions and incomplete uploads expire",
    description="Checks that a bucket's old versions and incomplete uploads expire in time.",
    severity="medium",
    controls=[
        security_hub("S3.13"),
        checkov("CKV_AWS_300"),
        checkov("CKV2_AWS_61"),
        nist("SI-12"),
    ],
    remediation="Let old versions and incomplete uploads expire.",
    parameters={
        "maximumDays": {
            "type": "integer",
            "minimum": 1,
            "default": 365,
            "description": "The most days until old versions and incomplete uploads expire.",
        }
    },
    applies=of_types(*s3_types("bucketLifecycleConfiguration")),
    judge=_judge_lifecycle,
)
