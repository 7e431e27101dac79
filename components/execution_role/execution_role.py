"""The execution role: what SageMaker acts as when it runs the stack's jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.site import Site


@dataclass(frozen=True)
class ExecutionRoleArgs:
    """What an execution role is made from.

    Attributes:
        site: the stack's site.
        scope: what the jobs may reach; an output, as the bucket, the key and the network are.
        tunes: whether the stack has a tuning job.
    """

    site: Site
    scope: pulumi.Input[ExecutionScope]
    tunes: bool = False


class ExecutionRole(pulumi.ComponentResource):
    """A role that only this account's training and tuning jobs in this region can assume."""

    arn: pulumi.Output[str]
    """The role's ARN."""

    name: pulumi.Output[str]
    """The role's name."""

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before. Without the policy, a job that is being stopped
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
        trust = execution_trust(args.site, tunes=args.tunes)
        return aws.iam.Role(
            f"{self._name}-role",
            description=f"What SageMaker acts as when it runs the training jobs of {self._name}",
            assume_role_policy=json.dumps(trust),
            permissions_boundary=args.site.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_policy(self, args: ExecutionRoleArgs, role: aws.iam.Role) -> aws.iam.RolePolicy:
        scope = pulumi.Output.from_input(args.scope)
        return aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=scope.apply(lambda known: json.dumps(execution_policy(known))),
            opts=pulumi.ResourceOptions(parent=self),
        )
