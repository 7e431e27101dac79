"""The policy that a stack has only resources that the pack knows.

It lists what may be there, not what is bad: AWS and its packages get new ways to capacity every
month, and a list of those would always be too short.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, Policy
from training_policies.resource import Resource
from training_policies.violation import Violation

_NAME = "quota-other-routes"
_WHY = "it may use capacity that no quota counts, and no policy sees how it is protected"


def _types(module: str, names: str) -> Iterable[str]:
    """Patterns of the types of a module of pulumi-aws, by their names with a space between."""
    return (f"aws:{module}/{name}:*" for name in names.split())


KNOWN_TYPES = (
    "pulumi:providers:aws",
    "pulumi:providers:pulumi-python",
    "pulumi:pulumi:Stack",
    "pulumi:pulumi:StackReference",
    # This project's own dynamic resources.
    "pulumi-python:dynamic/ec2:TrainingNetworkInterfaces",
    "pulumi-python:dynamic/sagemaker:TrainingJob",
    "pulumi-python:dynamic/sagemaker:TrainingJobCompletion",
    "pulumi-python:dynamic/sagemaker:TrainingJobLineages",
    "pulumi-python:dynamic/sagemaker:TuningJob",
    # Those that take no instances; training and tuning jobs are the other policies' to judge.
    *_types(
        "sagemaker",
        "hyperParameterTuningJob model modelPackageGroup modelPackageGroupPolicy trainingJob",
    ),
    *_types("budgets", "budget"),
    *_types("chatbot", "slackChannelConfiguration teamsChannelConfiguration"),
    *_types(
        "cloudwatch",
        "compositeAlarm dashboard eventRule eventTarget logGroup logMetricFilter metricAlarm "
        "queryDefinition",
    ),
    *_types("costexplorer", "anomalyMonitor anomalySubscription costAllocationTag"),
    *_types(
        "ec2",
        "defaultNetworkAcl defaultRouteTable defaultSecurityGroup egressOnlyInternetGateway eip "
        "flowLog internetGateway internetGatewayAttachment mainRouteTableAssociation "
        "managedPrefixList managedPrefixListEntry natGateway networkAcl networkAclAssociation "
        "networkAclRule route routeTable routeTableAssociation securityGroup securityGroupRule "
        "subnet tag vpc vpcDhcpOptions vpcDhcpOptionsAssociation vpcEndpoint vpcEndpointPolicy "
        "vpcEndpointRouteTableAssociation vpcEndpointSecurityGroupAssociation "
        "vpcEndpointSubnetAssociation vpcIpv4CidrBlockAssociation",
    ),
    *_types("ecr", "lifecyclePolicy repository repositoryPolicy"),
    *_types("efs", "accessPoint backupPolicy fileSystem fileSystemPolicy mountTarget"),
    *_types("fsx", "dataRepositoryAssociation lustreFileSystem"),
    *_types(
        "iam",
        "openIdConnectProvider policy role rolePolicy rolePoliciesExclusive rolePolicyAttachment "
        "rolePolicyAttachmentsExclusive serviceLinkedRole",
    ),
    *_types("kms", "alias key keyPolicy"),
    *_types("resourcegroups", "group resource"),
    *_types(
        "s3",
        "bucket bucketAcl bucketCorsConfiguration bucketIntelligentTieringConfiguration "
        "bucketLifecycleConfiguration bucketLogging bucketMetric bucketNotification bucketObject "
        "bucketObjectLockConfiguration bucketObjectv2 bucketOwnershipControls bucketPolicy "
        "bucketPublicAccessBlock bucketServerSideEncryptionConfiguration bucketVersioning",
    ),
    # The names that releases of the provider before 7 had.
    *_types(
        "s3",
        "bucketAclV2 bucketLifecycleConfigurationV2 bucketLoggingV2 "
        "bucketObjectLockConfigurationV2 bucketServerSideEncryptionConfigurationV2 bucketV2 "
        "bucketVersioningV2",
    ),
    *_types("scheduler", "schedule scheduleGroup"),
    *_types("secretsmanager", "secret secretPolicy secretVersion"),
    *_types("servicequotas", "serviceQuota"),
    *_types("sfn", "stateMachine"),
    *_types("sns", "topic topicDataProtectionPolicy topicPolicy topicSubscription"),
    *_types("sqs", "queue queuePolicy redriveAllowPolicy redrivePolicy"),
    *_types("ssm", "parameter"),
    *_types("vpc", "securityGroupEgressRule securityGroupIngressRule"),
)
"""Patterns of the types of a training platform's stack, and of what teams have beside it.

Components create nothing and are not listed."""


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    if resource.is_component:
        return
    if matches(resource.type, parameters["refused"]):
        yield Violation(
            what="a resource of a type that the configuration refuses",
            why=_WHY,
            asked=resource.type,
            allowed=f"types that policies.{_NAME}.refused does not match",
        )
    elif not (_is_known(resource.type) or matches(resource.type, parameters["allowed"])):
        line = json.dumps({_NAME: {"allowed": [*parameters["allowed"], resource.type]}})
        yield Violation(
            what="a resource of a type that the policies do not know",
            why=_WHY,
            asked=resource.type,
            allowed="the types of a training platform, and those that the configuration adds",
            remedy="use another type, or ask for this line in the configuration: "
            f'"policies": {line}',
        )


@cache
def _is_known(type_: str) -> bool:
    return matches(type_, KNOWN_TYPES)


OTHER_ROUTES = Policy(
    name=_NAME,
    checks="a stack has only resources of types that the policies know, so that nothing uses "
    "capacity outside of the quotas",
    severity="high",
    controls=[nist("SC-6"), nist("CM-7")],
    remedy="use another type",
    parameters={
        "allowed": texts([], "Patterns of types that a stack may have besides those known."),
        "refused": texts([], "Patterns of types that a stack must not have, known or allowed."),
    },
    applies=lambda _: True,
    judge=_judge,
)
