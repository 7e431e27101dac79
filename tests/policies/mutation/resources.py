"""Controls that are taken away as whole resources, and resources that should not be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.policies.mutation.properties import Mutation
from tests.policies.mutation.recorded_platform import Platform
from tests.policies.subjects import resource

CONTROLS = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3-bucket-controls",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3-bucket-controls",
    "aws:s3/bucketVersioning:BucketVersioning": "s3-bucket-controls",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3-bucket-controls"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": "s3-bucket-controls",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "s3-bucket-controls",
    "aws:ec2/flowLog:FlowLog": "vpc-controls",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "vpc-controls",
}
RECEIVERS = (
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration",
)
ANYWHERE = {"cidrBlocks": ["0.0.0.0/0"], "protocol": "tcp", "fromPort": 22, "toPort": 22}
FOR_OTHERS = (
    '{"Statement": {"Effect": "Allow", "Action": "any:Get", "Resource": "*", "Principal": '
    '{"AWS": "arn:aws:iam::999999999999:root"}}}'
)
ADDED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("s3-bucket-controls", "aws:s3/bucket:Bucket", {"bucket": "another"}),
    ("s3-bucket-controls", "aws:s3/bucketV2:BucketV2", {"bucket": "another"}),
    ("s3-access-lists", "aws:s3/bucketAcl:BucketAcl", {"acl": "public-read-write"}),
    ("vpc-controls", "aws:ec2/vpc:Vpc", {"cidrBlock": "10.99.0.0/16"}),
    ("vpc-security-groups", "aws:ec2/securityGroupRule:SecurityGroupRule",
     {"type": "ingress", **ANYWHERE}),
    ("vpc-security-groups", "aws:ec2/securityGroupRule:SecurityGroupRule",
     {"type": "egress", **ANYWHERE}),
    ("vpc-endpoint-policy", "aws:ec2/vpcEndpoint:VpcEndpoint",
     {"serviceName": "com.amazonaws.us-east-1.s3", "vpcEndpointType": "Gateway"}),
    ("iam-resource-policies", "aws:ecr/repositoryPolicy:RepositoryPolicy",
     {"repository": "training", "policy": FOR_OTHERS}),
    ("iam-resource-policies", "aws:secretsmanager/secret:Secret", {"policy": FOR_OTHERS}),
    ("stack-destinations", "aws:s3/bucketNotification:BucketNotification",
     {"queues": [{"queueArn": "arn:aws:sqs:us-east-1:999999999999:names"}]}),
    ("vpc-endpoint-policy", "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
     {"vpcEndpointId": "vpce-1"}),
    ("vpc-other-networks", "aws:ec2/vpcEndpoint:VpcEndpoint",
     {"serviceName": "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"}),
    ("vpc-other-networks", "aws:ec2/route:Route",
     {"destinationCidrBlock": "10.0.0.0/8", "transitGatewayId": "tgw-0123456789abcdef0"}),
    ("iam-managed-full-access", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
     {"role": "any", "policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}),
    ("iam-managed-full-access", "aws:iam/userPolicyAttachment:UserPolicyAttachment",
     {"user": "any", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
    ("iam-wildcard-actions", "aws:iam/policy:Policy",
     {"policy": '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'}),
    ("iam-wildcard-resources", "aws:iam/userPolicy:UserPolicy",
     {"policy": '{"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}'}),
    ("training-network-isolation", "aws:sagemaker/trainingJob:TrainingJob",
     {"trainingJobName": "another-way"}),
    ("training-private-subnets", "pulumi-python:dynamic/mine:Run",
     {"body": {"ResourceConfig": {}, "StoppingCondition": {}}}),
    ("training-network-isolation", "pulumi-python:dynamic/sagemaker:TuningJob",
     {"request": {}, "tuning": {"ResourceLimits": {"MaxParallelTrainingJobs": 1}}}),
    ("training-network-isolation", "aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob",
     {"config": {}, "trainingJobDefinition": {}}),
    ("training-private-subnets", "pulumi-python:dynamic/mine:Search",
     {"body": {"TrainingJobDefinition": {}, "ResourceLimits": {}}}),
)  # fmt: skip
WITHOUT_INTERNET: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("vpc-no-internet", "aws:ec2/internetGateway:InternetGateway", {}),
    ("vpc-no-internet", "aws:ec2/natGateway:NatGateway", {"subnetId": "subnet-1"}),
    ("vpc-no-internet", "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway", {}),
    ("vpc-no-internet", "aws:ec2/route:Route",
     {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-0123456789abcdef0"}),
)  # fmt: skip
IN_PRODUCTION: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("s3-retained-in-production", "aws:s3/bucket:Bucket",
     {"forceDestroy": True, "tagsAll": {"environment": "dev"}}),
)  # fmt: skip


def resource_mutations(platform: Platform) -> Iterator[Mutation]:
    """Each control of a bucket or VPC taken away, and each resource that breaks a rule added."""
    for type_, policy in CONTROLS.items():
        for urn, _ in platform.of_type(type_):
            label = f"{urn.split('::')[-1]} ({type_}) is gone"
            yield Mutation(label, policy, platform.without(urn), urn)
    if platform.environment == "prod":
        yield from _without_any("stack-alerts", RECEIVERS, platform)
        yield from _without_any("stack-budget", ["aws:budgets/budget:Budget"], platform)
    own = WITHOUT_INTERNET if platform.environment == "dev" else IN_PRODUCTION
    for policy, type_, inputs in (*ADDED, *own):
        added = resource(type_, inputs, "added")
        changed = platform.with_resource(added)
        yield Mutation(f"a {type_} is added", policy, changed, added.urn)


def _without_any(policy: str, types: Sequence[str], platform: Platform) -> Iterator[Mutation]:
    """The platform without any resource of some types."""
    urns = [urn for type_ in types for urn, _ in platform.of_type(type_)]
    left = platform
    for urn in urns:
        left = left.without(urn)
    if urns:
        yield Mutation(f"every {', '.join(types)} is gone", policy, left, urns[0])
