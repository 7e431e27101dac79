"""A VPC's flow logs: a record of its connections, encrypted and kept for some days."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.network_documents import flow_log_policy, flow_log_trust
from components.site import Site


@dataclass(frozen=True)
class FlowLogsArgs:
    """What flow logs are made from.

    Attributes:
        site: the stack's site.
        vpc_id: the VPC whose traffic is recorded.
        key_arn: the key that encrypts the records; its policy lets CloudWatch Logs use it.
        retention_days: how many days the records are kept.
    """

    site: Site
    vpc_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """The accepted and rejected connections of a VPC, in a log group of its own."""

    dependencies: list[pulumi.Resource]
    """What a job must start after, so that its traffic is recorded."""

    def __init__(
        self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:FlowLogs", name, None, opts)
        self._name = name
        self._args = args

        group = self._create_log_group()
        role = self._create_role()
        policy = self._create_policy(role, group)
        flow_log = self._create_flow_log(role, policy, group)

        self.dependencies = [group, role, policy, flow_log]
        self.register_outputs({})

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._name,
            kms_key_id=self._args.key_arn,
            retention_in_days=self._args.retention_days,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_role(self) -> aws.iam.Role:
        trust = flow_log_trust(self._args.site)
        return aws.iam.Role(
            self._name,
            description=f"Writes {self._name}",
            assume_role_policy=json.dumps(trust),
            permissions_boundary=self._args.site.permissions_boundary,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_policy(
        self, role: aws.iam.Role, group: aws.cloudwatch.LogGroup
    ) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            self._name,
            role=role.name,
            policy=group.arn.apply(lambda arn: json.dumps(flow_log_policy(arn))),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _create_flow_log(
        self, role: aws.iam.Role, policy: aws.iam.RolePolicy, group: aws.cloudwatch.LogGroup
    ) -> aws.ec2.FlowLog:
        return aws.ec2.FlowLog(
            self._name,
            vpc_id=self._args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
