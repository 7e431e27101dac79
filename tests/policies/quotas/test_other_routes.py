from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.policies.subjects import STACK, job, resource, violations
from training_policies.quotas.other_routes import OTHER_ROUTES
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import AWS_TYPE
from training_policies.tuning import AWS_TUNING_TYPE, OWN_TUNING_TYPE


def judged(subject: Resource, **values: Any) -> list[Any]:
    return [each.asked for each in violations(OTHER_ROUTES, subject, values, stack=STACK)]


@pytest.mark.parametrize(
    "type_",
    [
        "aws:sagemaker/notebookInstance:NotebookInstance",
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
        "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        "aws:sagemaker/domain:Domain",
        "aws:sagemaker/algorithm:Algorithm",
        "aws:sagemaker/whatComesNextYear:WhatComesNextYear",
        "aws:cloudcontrol/resource:Resource",
        "aws:cloudformation/stack:Stack",
        "aws:ec2/instance:Instance",
        "aws:ec2/fleet:Fleet",
        "aws:ec2/capacityBlockReservation:CapacityBlockReservation",
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "aws:ec2/vpcEndpointService:VpcEndpointService",
        "aws:ec2/vpnGateway:VpnGateway",
        "aws:ec2transitgateway/transitGateway:TransitGateway",
        "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        "aws:networkmanager/vpcAttachment:VpcAttachment",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:batch/jobDefinition:JobDefinition",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:emr/cluster:Cluster",
        "aws:codebuild/project:Project",
        "aws:glue/job:Job",
        "aws:lambda/function:Function",
        "aws:iam/user:User",
        "aws:iam/accessKey:AccessKey",
        "aws:iam/userLoginProfile:UserLoginProfile",
        "aws:iam/group:Group",
        "aws:iam/samlProvider:SamlProvider",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:kms/grant:Grant",
        "aws:kms/replicaKey:ReplicaKey",
        "aws:kms/externalKey:ExternalKey",
        "aws:ram/resourceShare:ResourceShare",
        "aws:ram/principalAssociation:PrincipalAssociation",
        "aws:s3/accessPoint:AccessPoint",
        "aws:s3control/accessPointPolicy:AccessPointPolicy",
        "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
        "aws:ecr/registryPolicy:RegistryPolicy",
        "aws:ecr/replicationConfiguration:ReplicationConfiguration",
        "aws:ecrpublic/repository:Repository",
        "aws:efs/replicationConfiguration:ReplicationConfiguration",
        "aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy",
        "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter",
        "aws:secretsmanager/secretRotation:SecretRotation",
        "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        "aws:index/sagemakerTrainingJob:SagemakerTrainingJob",
        "aws-native:sagemaker:ProcessingJob",
        "aws-native:iam:Role",
        "awscc:sagemaker/cluster:Cluster",
        "command:local:Command",
        "pulumi:providers:aws-native",
        "pulumi:providers:terraform-provider",
        "pulumi-python:dynamic:Resource",
        "pulumi-python:dynamic/sagemaker:MyTrainingJob",
        "pulumi-nodejs:dynamic:Resource",
    ],
)
def test_a_type_that_the_policies_do_not_know_is_refused(type_: str):
    for properties in ({}, {"name": UNKNOWN}):
        assert judged(resource(type_, properties)) == [type_]


def test_the_line_that_the_message_asks_for_allows_the_type():
    subject = resource("command:local:Command", {})
    [found] = violations(OTHER_ROUTES, subject, {"allowed": ["random:*"]}, stack=STACK)
    line = '"policies": {"quota-other-routes": {"allowed": ["random:*", "command:local:Command"]}}'
    assert line in str(found)
    assert judged(subject, allowed=["random:*", "command:local:Command"]) == []


def test_a_type_that_the_configuration_refuses_is_refused_although_it_is_known_or_allowed():
    subject = resource("aws:ec2/natGateway:NatGateway", {})
    assert judged(subject) == []
    assert judged(subject, refused=["aws:ec2/nat*"]) == [subject.type]
    assert judged(subject, refused=["aws:ec2/nat*"], allowed=["aws:ec2/*"]) == [subject.type]


def test_a_component_of_any_type_passes_as_it_creates_nothing():
    subject = resource("acme:index:Training", {})
    assert judged(subject) == ["acme:index:Training"]
    assert judged(replace(subject, is_component=True)) == []


@pytest.mark.parametrize(
    "type_",
    [
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:s3/bucketV2:BucketV2",
        "aws:ecr/repository:Repository",
        "pulumi:pulumi:Stack",
        "pulumi:pulumi:StackReference",
        "pulumi:providers:aws",
    ],
)
def test_what_takes_no_capacity_passes(type_: str):
    assert judged(resource(type_, {})) == []


def test_a_training_or_tuning_job_is_the_other_policies_to_judge():
    assert judged(job()) == []
    for type_ in (AWS_TYPE, OWN_TUNING_TYPE, AWS_TUNING_TYPE):
        assert judged(resource(type_, {})) == []
