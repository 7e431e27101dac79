"""The documents of the execution role: who may assume it, and what it may do.

Four statements are about all resources, because AWS does not limit their actions to some: the
registry's token, the metrics (limited to their namespace instead), and the descriptions of
networks and of file systems on FSx.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.arns import region_of
from components.artifact_layout import CHECKPOINTS, INPUTS, OUTPUT, SOURCE, objects_arn
from components.policy_documents import (
    Document,
    Statement,
    allow,
    document,
    input_statements,
    service_trust,
    through_service,
)
from components.site import TRAINING_LOGS, Site
from components.training_job.settings.job_needs import JobNeeds


@dataclass(frozen=True)
class ExecutionScope:
    """What the jobs of one stack may reach. What is empty grants nothing.

    Attributes:
        site: the stack's site.
        needs: what the jobs reach beyond the stack.
        artifact_bucket_arn: the bucket that holds what goes into the jobs and comes out of them.
        key_arn: the key that encrypts it.
        vpc_id: the VPC of the jobs' network interfaces.
        subnet_ids: the subnets of those interfaces.
        security_group_ids: the security groups of those interfaces.
    """

    site: Site
    needs: JobNeeds
    artifact_bucket_arn: str
    key_arn: str
    vpc_id: str = ""
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()


def execution_trust(site: Site, *, tunes: bool = False) -> Document:
    """Only SageMaker, and only for training jobs of this account in this region.

    Where the stack tunes, also for tuning jobs: AWS doesn't say which of the two ARNs SageMaker
    names when it checks a tuning job and starts its trials.
    """
    kinds = ["training-job", *(["hyper-parameter-tuning-job"] if tunes else [])]
    sources = [site.arn("sagemaker", f"{kind}/*") for kind in kinds]
    return service_trust("sagemaker.amazonaws.com", site, *sources)


def execution_policy(scope: ExecutionScope) -> Document:
    """What SageMaker may do for the jobs, and what containers may do that are not isolated."""
    return document(
        [
            *_artifact_statements(scope),
            *_input_statements(scope),
            *_key_statements(scope),
            *_image_statements(scope),
            *_observation_statements(scope),
            *_secret_statements(scope),
            *_file_system_statements(scope),
            *_network_statements(scope),
        ]
    )


def _artifact_statements(scope: ExecutionScope) -> list[Statement]:
    """The stack's own bucket, by kind of object.

    Not by lineage: a job that is taken out of the settings is stopped after this policy has
    changed, and must still be able to write its last checkpoint.
    """
    bucket = scope.artifact_bucket_arn
    read = (CHECKPOINTS, INPUTS, *([OUTPUT] if scope.needs.last_models else []), SOURCE)
    return [
        # Not limited to a prefix: before SageMaker accepts a job, it looks at the job's buckets as
        # this role, and AWS doesn't say whether it names a prefix then. The objects are limited.
        allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
        allow(
            "ReadArtifacts",
            ["s3:GetObject"],
            [objects_arn(bucket, kind) for kind in read],
        ),
        allow(
            "WriteArtifacts",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [objects_arn(bucket, kind) for kind in (CHECKPOINTS, OUTPUT)],
        ),
        # What the training script deletes on its instance, SageMaker deletes in the bucket.
        allow("DeleteCheckpoints", ["s3:DeleteObject"], [objects_arn(bucket, CHECKPOINTS)]),
    ]


def _input_statements(scope: ExecutionScope) -> list[Statement]:
    statements = input_statements(scope.needs.input_prefixes, scope.site)
    if scope.needs.input_key_arns:
        decrypt = allow("DecryptInputs", ["kms:Decrypt"], scope.needs.input_key_arns)
        statements.append({**decrypt, "Condition": through_service("s3", scope.site)})
    return statements


def _key_statements(scope: ExecutionScope) -> list[Statement]:
    actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    use = allow("UseKeyThroughS3", actions, [scope.key_arn])
    statements = [{**use, "Condition": through_service("s3", scope.site)}]
    if scope.needs.volume_encryption:
        grant = allow("GrantKeyToVolumes", ["kms:CreateGrant"], [scope.key_arn])
        only_for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        statements.append({**grant, "Condition": only_for_aws})
    return statements


def _image_statements(scope: ExecutionScope) -> list[Statement]:
    if not scope.needs.repository_arns:
        return []
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [
        allow("PullImages", actions, sorted(set(scope.needs.repository_arns))),
        allow("GetRegistryToken", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def _observation_statements(scope: ExecutionScope) -> list[Statement]:
    group = scope.site.arn("logs", f"log-group:{TRAINING_LOGS}")
    metrics = allow("PutMetrics", ["cloudwatch:PutMetricData"], ["*"])
    return [
        allow(
            "WriteLogs",
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
            ],
            [group, f"{group}:log-stream:*"],
        ),
        {**metrics, "Condition": {"StringEquals": {"cloudwatch:namespace": TRAINING_LOGS}}},
    ]


def _secret_statements(scope: ExecutionScope) -> list[Statement]:
    if not scope.needs.secret_arns:
        return []
    arns = sorted(set(scope.needs.secret_arns))
    statements = [allow("ReadSecrets", ["secretsmanager:GetSecretValue"], arns)]
    if scope.needs.secret_key_arns:
        regions = sorted({region_of(arn) for arn in arns})
        hosts = [scope.site.service_host("secretsmanager", region) for region in regions]
        decrypt = allow("DecryptSecrets", ["kms:Decrypt"], scope.needs.secret_key_arns)
        statements.append({**decrypt, "Condition": {"StringEquals": {"kms:ViaService": hosts}}})
    return statements


def _file_system_statements(scope: ExecutionScope) -> list[Statement]:
    """Finding the addresses of file systems; their security groups say who may mount them."""
    ids = sorted({each.id for each in scope.needs.file_systems if each.type == "EFS"})
    statements = []
    if ids:
        arns = [scope.site.arn("elasticfilesystem", f"file-system/{each}") for each in ids]
        actions = ["DescribeFileSystems", "DescribeMountTargets"]
        statements.append(allow("FindEfs", [f"elasticfilesystem:{a}" for a in actions], arns))
    if any(each.type == "FSxLustre" for each in scope.needs.file_systems):
        statements.append(allow("FindFsx", ["fsx:DescribeFileSystems"], ["*"]))
    return statements


def _network_statements(scope: ExecutionScope) -> list[Statement]:
    """The network interfaces that SageMaker attaches in the subnets of the jobs."""
    if not scope.subnet_ids:
        return []
    interfaces = scope.site.arn("ec2", "network-interface/*")
    subnets = [scope.site.arn("ec2", f"subnet/{each}") for each in scope.subnet_ids]
    groups = [scope.site.arn("ec2", f"security-group/{each}") for each in scope.security_group_ids]
    attach = allow("AttachInterfaces", ["ec2:CreateNetworkInterfacePermission"], [interfaces])
    remove = allow("RemoveInterfaces", ["ec2:DeleteNetworkInterface"], [interfaces])
    return [
        allow("CreateInterfaces", ["ec2:CreateNetworkInterface"], [interfaces, *subnets, *groups]),
        {**attach, "Condition": {"ArnEquals": {"ec2:Subnet": subnets}}},
        # By VPC and not by subnet: interfaces outlive their job. If a subnet is removed from the
        # settings, this policy changes before the subnet is deleted.
        {
            **remove,
            "Condition": {"ArnEquals": {"ec2:Vpc": scope.site.arn("ec2", f"vpc/{scope.vpc_id}")}},
        },
        # Not by network: AWS doesn't say that the request of this action names one.
        allow("RevokeInterfaces", ["ec2:DeleteNetworkInterfacePermission"], [interfaces]),
        allow(
            "DescribeNetwork",
            [
                "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ],
            ["*"],
        ),
    ]
