"""The settings of buckets, each judged where it is set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.parameters import matches, number, texts
from training_policies.platform_rules.resource_types import of_types, s3_types
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.value_rules import is_customer_key
from training_policies.violation import Violation


def _judge_encryption(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    rules = resource.read("rules")
    if rules is UNKNOWN:
        return
    names = (resource.name, resource.read("bucket"))
    takes_logs = any(matches(each, parameters["logBuckets"]) for each in names)
    for rule in rules if isinstance(rules, list) and rules else [{}]:
        read = rule if isinstance(rule, dict) else {}
        if not (takes_logs and _default(read).get("sseAlgorithm") == "AES256"):
            yield from _judge_encryption_rule(read)


def _default(rule: dict[str, Any]) -> dict[str, Any]:
    default = rule.get("applyServerSideEncryptionByDefault", {})
    return default if isinstance(default, dict) else {}


def encrypts_inline(bucket: Resource) -> bool:
    """Whether a bucket's own property has the encryption that a configuration must have."""
    rule = bucket.read("serverSideEncryptionConfiguration.rule")
    return isinstance(rule, dict) and not any(True for _ in _judge_encryption_rule(rule))


def expires_inline(bucket: Resource) -> bool:
    """Whether a bucket's own rules let old versions and incomplete uploads expire."""
    listed = bucket.read("lifecycleRules")
    rules = [
        each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and each.get("enabled") is True and not each.get("prefix")
    ]
    return any("abortIncompleteMultipartUploadDays" in each for each in rules) and any(
        "noncurrentVersionExpiration" in each for each in rules
    )


def _judge_encryption_rule(rule: dict[str, Any]) -> Iterator[Violation]:
    default = _default(rule)
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
        "only with a customer's own key you can see, and decide, who reads the bucket",
        asked,
        allowed,
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


ENCRYPTION = Policy(
    name="s3-encryption",
    checks="a bucket encrypts by default with a customer's own key and a bucket key",
    severity="high",
    controls=[security_hub("S3.17"), checkov("CKV_AWS_145"), nist("SC-28")],
    remedy="encrypt by default with aws:kms, the stack's key and bucketKeyEnabled",
    parameters={
        "logBuckets": texts(
            ["*access-log*"],
            "Patterns of the names of buckets for S3's access logs, or of the resources that "
            "encrypt them: S3 delivers these logs only to buckets with SSE-S3 (AES256).",
        )
    },
    applies=of_types(*s3_types("bucketServerSideEncryptionConfiguration")),
    judge=_judge_encryption,
)

LIFECYCLE = Policy(
    name="s3-lifecycle",
    checks="a bucket's old versions and incomplete uploads expire in time",
    severity="medium",
    controls=[
        security_hub("S3.13"),
        checkov("CKV_AWS_300"),
        checkov("CKV2_AWS_61"),
        nist("SI-12"),
    ],
    remedy="let old versions and incomplete uploads expire",
    parameters={
        "maximumDays": number(
            365, "Days until old versions and incomplete uploads expire, at most.", minimum=1
        ),
    },
    applies=of_types(*s3_types("bucketLifecycleConfiguration")),
    judge=_judge_lifecycle,
)
