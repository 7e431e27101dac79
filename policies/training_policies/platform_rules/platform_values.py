"""The values that properties of the resources around the training jobs must have."""

from __future__ import annotations

from typing import Any

from training_policies.compliance import checkov, nist, security_hub
from training_policies.parameters import PRODUCTION_ENVIRONMENTS, is_production, number
from training_policies.platform_rules.resource_types import BUCKETS, s3_types
from training_policies.policy import Parameters
from training_policies.resource import MISSING, Resource
from training_policies.value_rules import (
    absent_or,
    at_least,
    customer_key,
    exactly,
    resources,
    value_rule,
)


def _rotates_by_itself(key: Resource, _: Parameters) -> bool:
    """Whether AWS can rotate a key of this kind, which is the default."""
    return key.read("customerMasterKeySpec") in ("SYMMETRIC_DEFAULT", MISSING)


def _is_in_production(bucket: Resource, parameters: Parameters) -> bool:
    """By the stack's environment or the bucket's own tag; without either it is production.

    A bucket's tag makes it production in any stack. It makes it anything else only where the stack
    has no environment, and where not only the stack's tags count.
    """
    stack, production = parameters.stack, parameters["productionEnvironments"]
    tagged: Any = bucket.read("tagsAll.environment")
    if not isinstance(tagged, str):
        tagged = bucket.read("tags.environment")
    own = None if stack.tags_only else tagged
    return tagged in production or is_production(stack.environment or own or None, parameters)


PLATFORM_VALUES = (
    value_rule(
        "s3-public-access-block",
        "all four settings of a bucket's public access block are on",
        "critical",
        resources(*s3_types("bucketPublicAccessBlock")),
        ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
        exactly(True),
        why="one wrong policy or access list makes training data public",
        controls=[security_hub("S3.8"), checkov("CKV2_AWS_6"), nist("AC-3")],
    ),
    value_rule(
        "s3-object-ownership",
        "a bucket's owner owns every object, without access lists",
        "medium",
        resources(*s3_types("bucketOwnershipControls")),
        ["rule.objectOwnership"],
        exactly("BucketOwnerEnforced"),
        why="with access lists an object can belong to another account, or to everyone",
        controls=[security_hub("S3.12"), checkov("CKV2_AWS_65"), nist("AC-3")],
    ),
    value_rule(
        "s3-access-lists",
        "buckets and objects have no access list other than a private one",
        "high",
        resources(
            *s3_types("bucketAcl"),
            *BUCKETS,
            "aws:s3/bucketObject:BucketObject",
            "aws:s3/bucketObjectv2:BucketObjectv2",
        ),
        ["acl"],
        absent_or(exactly("private")),
        why="access lists allow more than the bucket's policy",
        remedy="remove the access list, and allow what is needed in the bucket's policy",
        controls=[security_hub("S3.12"), nist("AC-3")],
    ),
    value_rule(
        "s3-versioning",
        "a bucket keeps versions of what is overwritten or deleted",
        "medium",
        resources(*s3_types("bucketVersioning")),
        ["versioningConfiguration.status"],
        exactly("Enabled"),
        why="a model or checkpoint that is overwritten or deleted can't be restored",
        controls=[security_hub("S3.14"), checkov("CKV_AWS_21"), nist("CP-9")],
    ),
    # Of the resource options that keep a resource, policies see only `protect`.
    value_rule(
        "s3-retained-in-production",
        "a production bucket is not deleted with the objects that are in it",
        "high",
        resources(*BUCKETS),
        ["forceDestroy"],
        absent_or(exactly(False)),
        where=_is_in_production,
        why="one `pulumi destroy` deletes every model, checkpoint and version",
        remedy="set forceDestroy to false; in this project's settings, artifacts.retain to true",
        controls=[nist("CP-9"), nist("SI-12")],
        parameters={"productionEnvironments": PRODUCTION_ENVIRONMENTS},
    ),
    value_rule(
        "kms-key-rotation",
        "a customer's key is rotated by AWS",
        "medium",
        resources("aws:kms/key:Key"),
        ["enableKeyRotation"],
        exactly(True),
        where=_rotates_by_itself,
        why="data stay exposed after a leak until the key is replaced",
        controls=[security_hub("KMS.4"), checkov("CKV_AWS_7"), nist("SC-12")],
    ),
    value_rule(
        "kms-key-deletion",
        "a deleted key can be restored for long enough",
        "high",
        resources("aws:kms/key:Key"),
        ["deletionWindowInDays"],
        absent_or(at_least("minimumDays", "days")),
        why="without the key, what it encrypted can never be read again",
        controls=[security_hub("KMS.3"), nist("SC-12")],
        parameters={
            "minimumDays": number(
                30,
                "Days in which a deleted key can be restored, at least.",
                minimum=7,
                maximum=30,
            )
        },
    ),
    value_rule(
        "vpc-no-public-subnet",
        "a subnet gives no public address to what starts in it",
        "high",
        resources("aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet"),
        ("mapPublicIpOnLaunch", "assignIpv6AddressOnCreation"),
        absent_or(exactly(False)),
        why="everything that starts in the subnet can be reached from the internet",
        controls=[security_hub("EC2.15"), checkov("CKV_AWS_130"), nist("SC-7")],
    ),
    # Only with empty lists does a rule that someone adds show as a difference.
    value_rule(
        "vpc-default-group",
        "a VPC's default security group allows no traffic",
        "high",
        resources("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
        ("ingress", "egress"),
        exactly([]),
        why="everything that is started without a group gets this one",
        controls=[security_hub("EC2.2"), checkov("CKV2_AWS_12"), nist("SC-7")],
    ),
    value_rule(
        "vpc-flow-log-traffic",
        "flow logs record both accepted and rejected traffic",
        "medium",
        resources("aws:ec2/flowLog:FlowLog"),
        ["trafficType"],
        exactly("ALL"),
        why="an investigation needs the rejected traffic too",
        controls=[security_hub("EC2.6"), checkov("CKV2_AWS_11"), nist("AU-12")],
    ),
    value_rule(
        "sns-topic-encryption",
        "a topic is encrypted with a customer's own key",
        "medium",
        resources("aws:sns/topic:Topic"),
        ["kmsMasterKeyId"],
        customer_key(),
        why="alerts name jobs, failures and data; with AWS's own key, alarms can't publish them",
        controls=[security_hub("SNS.1"), checkov("CKV_AWS_26"), nist("SC-28")],
    ),
    value_rule(
        "logs-retention",
        "a log group says how long its logs are kept",
        "low",
        resources("aws:cloudwatch/logGroup:LogGroup"),
        ["retentionInDays"],
        at_least("minimumDays", "days"),
        why="logs without a limit are kept, and billed, for ever, and too short a limit loses "
        "what an investigation needs",
        controls=[security_hub("CloudWatch.16"), checkov("CKV_AWS_66"), nist("AU-11")],
        parameters={"minimumDays": number(1, "Days that logs are kept, at least.", minimum=1)},
    ),
    value_rule(
        "logs-encryption",
        "a log group is encrypted with a customer's own key",
        "medium",
        resources("aws:cloudwatch/logGroup:LogGroup"),
        ["kmsKeyId"],
        customer_key(),
        why="logs show who reached what, and training logs may quote data",
        controls=[checkov("CKV_AWS_158"), nist("SC-28")],
    ),
)
