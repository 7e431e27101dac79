"""The deployer role: what a pipeline acts as when it runs `pulumi up` on the stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_scope import DeployerScope, LaunchLimits
from components.deployer.deployer_settings import DeployerSettings
from components.site import Site


@dataclass(frozen=True)
class DeployerRoleArgs:
    """What a deployer role is made from.

    Attributes:
        site: the stack's site.
        settings: who may assume the role. For GitHub's subjects the account must have GitHub's
            identity provider.
        limits: what every launch has in common, None for a stack without jobs.
        alerts: whether the stack has alerts.
        repository_arns: the ECR repositories of the jobs' images.
        execution_role_arn: the role that the jobs run as.
        artifact_bucket_arn: the bucket that receives sources and inputs.
        key_arn: the key that encrypts the bucket, the jobs' volumes and their output.
        subnet_ids: the subnets that the jobs run in.
        security_group_ids: the security groups of the jobs.
    """

    site: Site
    settings: DeployerSettings
    limits: LaunchLimits | None
    alerts: bool
    repository_arns: Sequence[str]
    execution_role_arn: pulumi.Input[str]
    artifact_bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_group_ids: pulumi.Input[Sequence[pulumi.Input[str]]]


class DeployerRole(pulumi.ComponentResource):
    """A role for a pipeline that deploys the stack after an administrator has built it.

    It reads the stack, uploads sources and inputs, and launches, stops and tags jobs: in the
    stack's subnets and security groups, isolated, of the families in use, encrypted with the
    stack's key, tagged as the stack's, and run as the execution role. It writes no role, policy,
    key or network. So a setting that changes one of those takes an administrator's `pulumi up`:
    another subnet, another image repository or input bucket, another instance family.
    """

    arn: pulumi.Output[str]
    """The role's ARN."""

    def __init__(
        self, name: str, args: DeployerRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:DeployerRole", name, None, opts)
        self._name = name
        self._args = args

        role = self._create_role()
        self._create_policy(role)

        self.arn = role.arn
        self.register_outputs({"arn": self.arn})

    def _create_role(self) -> aws.iam.Role:
        args = self._args
        trust = deployer_trust(
            args.site, args.settings.trusted_principals, args.settings.github_subjects
        )
        return aws.iam.Role(
            f"{self._name}-role",
            description=f"What a pipeline acts as when it deploys {args.site.prefix}",
            assume_role_policy=json.dumps(trust),
            permissions_boundary=args.site.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_policy(self, role: aws.iam.Role) -> None:
        args = self._args
        resolved = pulumi.Output.all(
            execution_role_arn=args.execution_role_arn,
            artifact_bucket_arn=args.artifact_bucket_arn,
            key_arn=args.key_arn,
            subnet_ids=args.subnet_ids,
            security_group_ids=args.security_group_ids,
        )

        def policy_of(reached: dict[str, Any]) -> str:
            scope = DeployerScope(
                site=args.site,
                limits=args.limits,
                alerts=args.alerts,
                repository_arns=args.repository_arns,
                **reached,
            )
            return json.dumps(deployer_policy(scope))

        aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=resolved.apply(policy_of),
            opts=pulumi.ResourceOptions(parent=self),
        )
