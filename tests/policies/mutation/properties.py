"""Every protected property that is a plain value, and the values that break it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE as UNKNOWN

from tests.policies.mutation.recorded_platform import Platform

REMOVED: Final = object()
JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
TUNING = "pulumi-python:dynamic/sagemaker:TuningJob"
AWS_KEY = "alias/aws/s3"
SECRET = "AKIA" + "IOSFODNN7EXAMPLE"


@dataclass(frozen=True)
class Mutation:
    """A platform with one property broken, and the policy that must say so."""

    label: str
    policy: str
    platform: Platform
    urn: str

    def is_caught(self) -> bool:
        """Whether the policy does say so."""
        return self.platform.breaks(self.policy, self.urn)


@dataclass(frozen=True)
class Protected:
    """A property of a type, by its dotted path, and what it must not be."""

    policy: str
    type: str
    path: str
    broken: tuple[Any, ...]


def _job(policy: str, path: str, *broken: Any) -> Protected:
    return Protected(f"training-{policy}", JOB, f"request.{path}", broken)


def _of_tunings(protected: Iterable[Protected]) -> list[Protected]:
    """The same of tuning jobs as of training jobs: their `request` is that of their trials."""
    return [replace(each, type=TUNING) for each in protected if each.type == JOB]


PROTECTED = (
    Protected("quota-team", JOB, "request.Tags", ([{"Key": "team", "Value": "vision"}],
              [{"Key": "environment", "Value": "staging"}])),
    _job("spot-checkpoints", "CheckpointConfig", REMOVED),
    _job("spot-checkpoints", "CheckpointConfig.S3Uri", REMOVED, ""),
    _job("spot-wait", "StoppingCondition.MaxWaitTimeInSeconds", REMOVED, 1, UNKNOWN),
    _job("runtime-limit", "StoppingCondition", REMOVED),
    _job("runtime-limit", "StoppingCondition.MaxRuntimeInSeconds", REMOVED, 0, UNKNOWN),
    _job("warm-pool", "ResourceConfig.KeepAlivePeriodInSeconds", 3600, UNKNOWN),
    _job("plan", "ResourceConfig.TrainingPlanArn", "a plan", UNKNOWN),
    _job("pending-time", "StoppingCondition.MaxPendingTimeInSeconds", 2_419_201, UNKNOWN),
    _job("private-subnets", "VpcConfig", REMOVED),
    _job("private-subnets", "VpcConfig.Subnets", REMOVED, []),
    _job("private-subnets", "VpcConfig.SecurityGroupIds", REMOVED, []),
    _job("network-isolation", "EnableNetworkIsolation", REMOVED, False, UNKNOWN),
    _job("traffic-encryption", "EnableInterContainerTrafficEncryption", REMOVED, False, UNKNOWN),
    _job("output-key", "OutputDataConfig.KmsKeyId", REMOVED, "", AWS_KEY),
    _job("volume-key", "ResourceConfig.VolumeKmsKeyId", REMOVED, "", AWS_KEY),
    _job(
        "image-registries",
        "AlgorithmSpecification.TrainingImage",
        REMOVED,
        "public.ecr.aws/somebody/training:1",
        "registry.example/123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
    ),
    _job("artifact-locations", "OutputDataConfig.S3OutputPath", "s3://elsewhere/output"),
    _job("volume-size", "ResourceConfig.VolumeSizeInGB", 8000, UNKNOWN),
    _job("own-role", "RoleArn", "arn:aws:iam::123456789012:role/administrator"),
    _job("artifact-locations", "CheckpointConfig.S3Uri", "s3://elsewhere/checkpoints"),
    _job("artifact-locations", "DebugHookConfig", {"S3OutputPath": "s3://elsewhere/tensors"}),
    _job("artifact-locations", "ProfilerConfig", {"S3OutputPath": "s3://elsewhere/profile"}),
    _job("no-secrets", "Environment", {"API_TOKEN": "open sesame"}, {"NOTE": SECRET}),
    _job("no-secrets", "HyperParameters.password", "open sesame"),
    _job("no-secrets", "AlgorithmSpecification.ContainerArguments", ["--key", SECRET]),
    _job("required-tags", "Tags", REMOVED, [], UNKNOWN, [{"Key": "team", "Value": " "}]),
    Protected("s3-public-access-block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
              "blockPublicAcls", (REMOVED, False, UNKNOWN)),
    Protected("s3-public-access-block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
              "blockPublicPolicy", (REMOVED, False, UNKNOWN)),
    Protected("s3-public-access-block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
              "ignorePublicAcls", (REMOVED, False, UNKNOWN)),
    Protected("s3-public-access-block", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
              "restrictPublicBuckets", (REMOVED, False, UNKNOWN)),
    Protected("s3-object-ownership", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
              "rule.objectOwnership", (REMOVED, "ObjectWriter", "BucketOwnerPreferred")),
    Protected("s3-access-lists", "aws:s3/bucket:Bucket", "acl", ("public-read", UNKNOWN)),
    Protected("s3-access-lists", "aws:s3/bucketObjectv2:BucketObjectv2", "acl", ("public-read",)),
    Protected("s3-versioning", "aws:s3/bucketVersioning:BucketVersioning",
              "versioningConfiguration.status", (REMOVED, "Suspended", "Disabled")),
    Protected("s3-encryption", "aws:s3/bucketServerSideEncryptionConfiguration:"
              "BucketServerSideEncryptionConfiguration", "rules", (REMOVED, [])),
    Protected("s3-encryption", "aws:s3/bucketServerSideEncryptionConfiguration:"
              "BucketServerSideEncryptionConfiguration",
              "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm", (REMOVED, "AES256")),
    Protected("s3-encryption", "aws:s3/bucketServerSideEncryptionConfiguration:"
              "BucketServerSideEncryptionConfiguration",
              "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId", (REMOVED, AWS_KEY)),
    Protected("s3-encryption", "aws:s3/bucketServerSideEncryptionConfiguration:"
              "BucketServerSideEncryptionConfiguration",
              "rules.0.bucketKeyEnabled", (REMOVED, False)),
    Protected("s3-lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
              "rules", (REMOVED, [])),
    Protected("s3-lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
              "rules.1.status", (REMOVED, "Disabled")),
    Protected("s3-lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
              "rules.1.noncurrentVersionExpiration", (REMOVED, {"noncurrentDays": 10_000})),
    Protected("s3-lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
              "rules.2.filter.prefix", ("source/",)),
    Protected("s3-lifecycle", "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
              "rules.2.abortIncompleteMultipartUpload", (REMOVED, {"daysAfterInitiation": 10_000})),
    Protected("kms-key-rotation", "aws:kms/key:Key", "enableKeyRotation",
              (REMOVED, False, UNKNOWN)),
    Protected("kms-key-deletion", "aws:kms/key:Key", "deletionWindowInDays", (7, UNKNOWN)),
    Protected("kms-key-policy", "aws:kms/keyPolicy:KeyPolicy",
              "bypassPolicyLockoutSafetyCheck", (True,)),
    Protected("vpc-no-public-subnet", "aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch",
              (True, UNKNOWN)),
    Protected("vpc-no-public-subnet", "aws:ec2/subnet:Subnet", "assignIpv6AddressOnCreation",
              (True,)),
    Protected("vpc-default-group", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "ingress",
              (REMOVED, [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}])),
    Protected("vpc-default-group", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "egress",
              (REMOVED, [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}])),
    Protected("vpc-security-groups", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
              "cidrIpv4", ("0.0.0.0/0", "0.0.0.0/1", "anywhere")),
    Protected("vpc-security-groups", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
              "cidrIpv6", ("::/0", "2000::/3")),
    Protected("vpc-security-groups", "aws:ec2/securityGroup:SecurityGroup", "ingress",
              ([{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}],)),
    Protected("vpc-security-groups", "aws:ec2/securityGroup:SecurityGroup", "egress",
              ([{"protocol": "-1", "fromPort": 0, "toPort": 0, "ipv6CidrBlocks": ["::/0"]}],)),
    Protected("vpc-flow-log-traffic", "aws:ec2/flowLog:FlowLog", "trafficType",
              (REMOVED, "ACCEPT", "REJECT")),
    Protected("vpc-endpoint-policy", "aws:ec2/vpcEndpoint:VpcEndpoint", "policy", (REMOVED,)),
    Protected("sns-topic-encryption", "aws:sns/topic:Topic", "kmsMasterKeyId",
              (REMOVED, "", "alias/aws/sns")),
    Protected("logs-retention", "aws:cloudwatch/logGroup:LogGroup", "retentionInDays",
              (REMOVED, 0, UNKNOWN)),
    Protected("logs-encryption", "aws:cloudwatch/logGroup:LogGroup", "kmsKeyId",
              (REMOVED, "", "alias/aws/logs")),
    Protected("iam-managed-full-access", "aws:iam/role:Role", "managedPolicyArns",
              (["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"],
               ["arn:aws:iam::aws:policy/AdministratorAccess"],
               ["arn:aws:iam::aws:policy/PowerUserAccess"])),
)  # fmt: skip

IN_PRODUCTION = (
    _job("remote-debug", "RemoteDebugConfig", {"EnableRemoteDebug": True}),
    _job("remote-debug", "RemoteDebugConfig", {"EnableRemoteDebug": UNKNOWN}),
    Protected("iam-permissions-boundary", "aws:iam/role:Role", "permissionsBoundary",
              (REMOVED, "", "arn:aws:iam::999999999999:policy/boundary")),
    Protected("stack-budget", "aws:budgets/budget:Budget", "notifications", (REMOVED, [])),
    Protected("s3-retained-in-production", "aws:s3/bucket:Bucket", "forceDestroy", (True, UNKNOWN)),
)  # fmt: skip


WITHOUT_INTERNET = (
    Protected(
        "vpc-security-groups",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "cidrIpv4",
        ("0.0.0.0/0", "128.0.0.0/1"),
    ),
    Protected("vpc-no-internet", "aws:ec2/routeTable:RouteTable", "routes", (
        [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-0123456789abcdef0"}],
        [{"cidrBlock": "8.0.0.0/8", "natGatewayId": UNKNOWN}],
    )),
)  # fmt: skip


def property_mutations(platform: Platform) -> Iterator[Mutation]:
    """Every protected property of every resource, broken in each way that it can be."""
    own = IN_PRODUCTION if platform.environment == "prod" else WITHOUT_INTERNET
    for protected in (*PROTECTED, *own, *_of_tunings((*PROTECTED, *own))):
        for urn, inputs in platform.of_type(protected.type):
            for value in protected.broken:
                broken = _broken(inputs, protected.path.split("."), value)
                if broken is not None:
                    name, what = (
                        urn.split("::")[-1],
                        "is gone" if value is REMOVED else f"= {value}",
                    )
                    label = f"{name}: {protected.path} {what}"
                    changed = platform.with_inputs(urn, broken)
                    yield Mutation(label, protected.policy, changed, urn)


def _broken(inputs: dict[str, Any], path: list[str], value: Any) -> dict[str, Any] | None:
    """A copy of the inputs with one value changed; None where there is nothing to change."""
    result = copy.deepcopy(inputs)
    found: Any = result
    for part in path[:-1]:
        found = found[int(part)] if isinstance(found, list) else found.get(part)
        if not isinstance(found, dict | list):
            return None
    if value is not REMOVED:
        found[path[-1]] = value
    elif found.pop(path[-1], REMOVED) is REMOVED:
        return None
    return result
