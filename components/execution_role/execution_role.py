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
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds


@dataclass(frozen=True)
class ExecutionRoleArgs:
    """What an execution role is made from. What is left out is not granted.

    Attributes:
        site: the stack's site.
        needs: what the jobs reach beyond the stack.
        artifact_bucket_arn: the bucket that holds what goes into the jobs and comes out of them.
        key_arn: the key that encrypts it.
        vpc_id: the VPC that the jobs run in, None outside one.
        subnet_ids: the subnets that the jobs run in, None outside a VPC.
        security_group_ids: the security groups of the jobs, None outside a VPC.
    """

    site: Site
    needs: JobNeeds
    artifact_bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    vpc_id: pulumi.Input[str] | None = None
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None
    security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]] | None = None


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
            assume_role_policy=json.dumps(execution_trust(args.site)),
            permissions_boundary=args.site.permissions_boundary,
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
            scope = ExecutionScope(site=args.site, needs=args.needs, **reached)
            return json.dumps(execution_policy(scope))

        return aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=resolved.apply(policy_of),
            opts=pulumi.ResourceOptions(parent=self),
        )
