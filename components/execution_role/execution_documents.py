"""The documents of the execution role: who may assume it, and what it may do.

Pure functions of plain values. Four statements name every resource, because AWS lets their
actions name none: the registry token, the metrics (held to their namespace instead), and the
descriptions of networks and of file systems on FSx.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.arns import partition
from components.policy_documents import (
    TRAINING_LOGS,
    Document,
    Statement,
    allow,
    document,
    input_statements,
    service_host,
    service_trust,
    through_s3,
)
from components.training_job.settings.file_systems import FileSystem


@dataclass(frozen=True)
class ExecutionScope:
    """What the jobs of one stack may reach. What is empty grants nothing.

    Attributes:
        account_id: the stack's AWS account.
        region: the stack's region.
        artifact_bucket_arn: the bucket that holds what goes into the jobs and comes out of them.
        key_arn: the key that encrypts it.
        repository_arns: the ECR repositories of the jobs' images.
        input_prefixes: `s3://` URIs of inputs that lie in other buckets.
        input_key_arns: the keys that encrypt those inputs, where they are not S3's own.
        secret_arns: the Secrets Manager secrets that the jobs read.
        secret_key_arns: the keys that encrypt those secrets, where they are not AWS's own.
        file_systems: the file systems that the jobs mount.
        vpc_id: the VPC of the jobs' network interfaces.
        subnet_ids: the subnets that the jobs' network interfaces stand in.
        security_group_ids: the security groups of those interfaces.
        volume_encryption: whether volumes are encrypted with the key.
    """

    account_id: str
    region: str
    artifact_bucket_arn: str
    key_arn: str
    repository_arns: Sequence[str] = ()
    input_prefixes: Sequence[str] = ()
    input_key_arns: Sequence[str] = ()
    secret_arns: Sequence[str] = ()
    secret_key_arns: Sequence[str] = ()
    file_systems: Sequence[FileSystem] = ()
    vpc_id: str = ""
    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()
    volume_encryption: bool = True

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource in the stack's account and region."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account_id}:{resource}"


def execution_trust(account_id: str, region: str) -> Document:
    """Only SageMaker, and only for training jobs of this account in this region."""
    source = f"arn:{partition(region)}:sagemaker:{region}:{account_id}:training-job/*"
    return service_trust("sagemaker.amazonaws.com", account_id, source)


def execution_policy(scope: ExecutionScope) -> Document:
    """What SageMaker may do for the jobs, and their containers where they are not isolated."""
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
    return [
        # On no prefix: SageMaker looks at the buckets of a job as this role before it accepts the
        # job, and AWS doesn't say that it names a prefix then. Objects are bound to theirs.
        allow("ListArtifacts", ["s3:ListBucket"], [bucket]),
        allow(
            "ReadArtifacts",
            ["s3:GetObject"],
            [f"{bucket}/checkpoints/*", f"{bucket}/inputs/*", f"{bucket}/source/*"],
        ),
        allow(
            "WriteArtifacts",
            ["s3:AbortMultipartUpload", "s3:PutObject"],
            [f"{bucket}/checkpoints/*", f"{bucket}/output/*"],
        ),
        # SageMaker mirrors into the bucket what the training script deletes on its instance.
        allow("DeleteCheckpoints", ["s3:DeleteObject"], [f"{bucket}/checkpoints/*"]),
    ]


def _input_statements(scope: ExecutionScope) -> list[Statement]:
    statements = input_statements(scope.input_prefixes, scope.region)
    if scope.input_key_arns:
        decrypt = allow("DecryptInputs", ["kms:Decrypt"], scope.input_key_arns)
        statements.append({**decrypt, "Condition": through_s3(scope.region)})
    return statements


def _key_statements(scope: ExecutionScope) -> list[Statement]:
    actions = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]
    use = allow("UseKeyThroughS3", actions, [scope.key_arn])
    statements = [{**use, "Condition": through_s3(scope.region)}]
    if scope.volume_encryption:
        grant = allow("GrantKeyToVolumes", ["kms:CreateGrant"], [scope.key_arn])
        only_for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
        statements.append({**grant, "Condition": only_for_aws})
    return statements


def _image_statements(scope: ExecutionScope) -> list[Statement]:
    if not scope.repository_arns:
        return []
    actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    return [
        allow("PullImages", actions, sorted(set(scope.repository_arns))),
        allow("GetRegistryToken", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def _observation_statements(scope: ExecutionScope) -> list[Statement]:
    group = scope.arn("logs", f"log-group:{TRAINING_LOGS}")
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
    if not scope.secret_arns:
        return []
    arns = sorted(set(scope.secret_arns))
    statements = [allow("ReadSecrets", ["secretsmanager:GetSecretValue"], arns)]
    if scope.secret_key_arns:
        regions = sorted({arn.split(":")[3] for arn in arns})
        hosts = [service_host("secretsmanager", region) for region in regions]
        decrypt = allow("DecryptSecrets", ["kms:Decrypt"], scope.secret_key_arns)
        statements.append({**decrypt, "Condition": {"StringEquals": {"kms:ViaService": hosts}}})
    return statements


def _file_system_statements(scope: ExecutionScope) -> list[Statement]:
    """Finding the addresses of file systems; who may mount one, its security group says."""
    ids = sorted({each.id for each in scope.file_systems if each.type == "EFS"})
    statements = []
    if ids:
        arns = [scope.arn("elasticfilesystem", f"file-system/{each}") for each in ids]
        actions = ["DescribeFileSystems", "DescribeMountTargets"]
        statements.append(allow("FindEfs", [f"elasticfilesystem:{a}" for a in actions], arns))
    if any(each.type == "FSxLustre" for each in scope.file_systems):
        statements.append(allow("FindFsx", ["fsx:DescribeFileSystems"], ["*"]))
    return statements


def _network_statements(scope: ExecutionScope) -> list[Statement]:
    """The network interfaces that SageMaker attaches in the subnets of the jobs."""
    if not scope.subnet_ids:
        return []
    interfaces = scope.arn("ec2", "network-interface/*")
    subnets = [scope.arn("ec2", f"subnet/{each}") for each in scope.subnet_ids]
    groups = [scope.arn("ec2", f"security-group/{each}") for each in scope.security_group_ids]
    attach = allow("AttachInterfaces", ["ec2:CreateNetworkInterfacePermission"], [interfaces])
    remove = allow("RemoveInterfaces", ["ec2:DeleteNetworkInterface"], [interfaces])
    return [
        allow("CreateInterfaces", ["ec2:CreateNetworkInterface"], [interfaces, *subnets, *groups]),
        {**attach, "Condition": {"ArnEquals": {"ec2:Subnet": subnets}}},
        # Not by subnet: interfaces outlive their job, and this policy changes before a subnet that
        # is taken out of the settings is deleted.
        {
            **remove,
            "Condition": {"ArnEquals": {"ec2:Vpc": scope.arn("ec2", f"vpc/{scope.vpc_id}")}},
        },
        # AWS does not promise that this action's request carries the interface's network.
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
