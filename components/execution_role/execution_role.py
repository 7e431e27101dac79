"""The execution role: what SageMaker acts as when it runs the stack's jobs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.training_job.settings.file_systems import FileSystem


@dataclass(frozen=True)
class ExecutionRoleArgs:
    """What an execution role is made from. What is left out is not granted.

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
        vpc_id: the VPC that the jobs run in, None outside one.
        subnet_ids: the subnets that the jobs run in, None outside a VPC.
        security_group_ids: the security groups of the jobs, None outside a VPC.
        volume_encryption: whether a job's volumes are encrypted with the key.
        permissions_boundary: the ARN of the policy that bounds the stack's roles.
    """

    account_id: str
    region: str
    artifact_bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    repository_arns: Sequence[str] = ()
    input_prefixes: Sequence[str] = ()
    input_key_arns: Sequence[str] = ()
    secret_arns: Sequence[str] = ()
    secret_key_arns: Sequence[str] = ()
    file_systems: Sequence[FileSystem] = ()
    vpc_id: pulumi.Input[str] | None = None
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    volume_encryption: bool = True
    permissions_boundary: str | None = None


class ExecutionRole(pulumi.ComponentResource):
    """A role that only this account's training jobs in this region can assume."""

    arn: pulumi.Output[str]
    """The role's ARN."""

    name: pulumi.Output[str]
    """The role's name."""

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before: without the policy a job that is being stopped
    could not write its last checkpoint."""

    def __init__(
        self, name: str, args: ExecutionRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:ExecutionRole", name, None, opts)
        self._name = name

        role = self._create_role(args)
        policy = self._create_policy(args, role)

        self.arn = role.arn
        self.name = role.name
        self.dependencies = [role, policy]
        self.register_outputs({"arn": self.arn, "name": self.name})

    def _create_role(self, args: ExecutionRoleArgs) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-role",
            description=f"What SageMaker acts as when it runs the training jobs of {self._name}",
            assume_role_policy=json.dumps(execution_trust(args.account_id, args.region)),
            permissions_boundary=args.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_policy(self, args: ExecutionRoleArgs, role: aws.iam.Role) -> aws.iam.RolePolicy:
        resolved = pulumi.Output.all(
            artifact_bucket_arn=args.artifact_bucket_arn,
            key_arn=args.key_arn,
            vpc_id=args.vpc_id or "",
            subnet_ids=args.subnet_ids or [],
            security_group_ids=args.security_group_ids or [],
        )

        def policy_of(reached: dict[str, Any]) -> str:
            scope = ExecutionScope(
                account_id=args.account_id,
                region=args.region,
                repository_arns=args.repository_arns,
                input_prefixes=args.input_prefixes,
                input_key_arns=args.input_key_arns,
                secret_arns=args.secret_arns,
                secret_key_arns=args.secret_key_arns,
                file_systems=args.file_systems,
                volume_encryption=args.volume_encryption,
                **reached,
            )
            return json.dumps(execution_policy(scope))

        return aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=resolved.apply(policy_of),
            opts=pulumi.ResourceOptions(parent=self),
        )
