"""The deployer role: what a pipeline acts as when it runs `pulumi up` on the stack."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.deployer.deployer_documents import deployer_policy, deployer_trust
from components.deployer.deployer_scope import DeployerScope
from components.deployer.deployer_settings import DeployerSettings
from components.site import Site


@dataclass(frozen=True)
class DeployerRoleArgs:
    """What a deployer role is made from.

    Attributes:
        site: the stack's site.
        settings: who may assume the role. GitHub's subjects need GitHub's identity provider in
            the account.
        scope: the stack that the deployer deploys; an output, as the names of its resources are.
    """

    site: Site
    settings: DeployerSettings
    scope: pulumi.Input[DeployerScope]


class DeployerRole(pulumi.ComponentResource):
    """A role for a pipeline that deploys the stack after an administrator has built it.

    It reads the stack, uploads sources and inputs, and launches, stops and tags jobs. A job that
    it launches is in the stack's subnets and security groups, isolated, on an instance family in
    use, encrypted with the stack's key, tagged as the stack's, and runs as the execution role.

    The role can change no role, policy, key or network. So a setting that changes one of those
    needs a `pulumi up` by an administrator: for example another subnet, image repository, input
    bucket or instance family, or the first tuning job.
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
        scope = pulumi.Output.from_input(self._args.scope)
        aws.iam.RolePolicy(
            f"{self._name}-role-policy",
            role=role.name,
            policy=scope.apply(lambda known: json.dumps(deployer_policy(known))),
            opts=pulumi.ResourceOptions(parent=self),
        )
