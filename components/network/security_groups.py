"""The security groups of a network: which connections a job's instances may make and accept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.endpoints import service_name
from components.training_job.settings.input_settings import FileSystemSettings, Ports

HTTPS = 443


@dataclass(frozen=True)
class SecurityGroupsArgs:
    """What a network's security groups are made from.

    Attributes:
        vpc_id: the VPC that they are in.
        region: its region.
        endpoints: whether the stack makes interface endpoints; they get a group of their own.
        endpoint_group_id: the group of an existing VPC's interface endpoints, None if it has none.
        internet: whether jobs may call HTTPS addresses on the internet, through NAT gateways.
        file_systems: file systems that jobs mount, in this VPC or in one that is peered with it.
    """

    vpc_id: pulumi.Input[str]
    region: str
    endpoints: bool = False
    endpoint_group_id: pulumi.Input[str] | None = None
    internet: bool = False
    file_systems: Sequence[FileSystemSettings] = ()


class SecurityGroups(pulumi.ComponentResource):
    """A group for the instances of jobs, and one for interface endpoints where there are any."""

    training_group_id: pulumi.Output[str]
    """The group of the jobs' instances."""

    endpoint_group_id: pulumi.Output[str] | None
    """The group of the interface endpoints, None if the stack makes none."""

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before."""

    def __init__(
        self, name: str, args: SecurityGroupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:SecurityGroups", name, None, opts)
        self._name = name
        self._args = args
        self.dependencies = []
        self.endpoint_group_id = None

        self.training_group_id = self._create_group("training", "The instances of training jobs").id
        self._allow_each_other()
        self._allow_s3()
        if args.endpoints:
            self._create_endpoint_group()
        if args.endpoint_group_id is not None:
            self._allow_out("endpoints", "Interface endpoints", group_id=args.endpoint_group_id)
        if args.internet:
            self._allow_out("internet", "HTTPS through NAT", cidr="0.0.0.0/0")
        groups = {(each.security_group_id, each.type): each for each in args.file_systems}
        for file_system in groups.values():
            self._allow_file_system(file_system)

        self.register_outputs({"training_group_id": self.training_group_id})

    def _create_group(self, role: str, description: str) -> aws.ec2.SecurityGroup:
        """A group without rules: the provider removes AWS's default rule, which lets all out."""
        group = aws.ec2.SecurityGroup(
            f"{self._name}-{role}",
            vpc_id=self._args.vpc_id,
            description=description,
            tags={"Name": f"{self._name}-{role}"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies.append(group)
        return group

    def _allow_each_other(self) -> None:
        """Lets the instances of a job exchange any traffic.

        An Elastic Fabric Adapter does not use TCP/IP, so it needs rules for all traffic. They must
        name the group itself: AWS ignores a range of addresses for this.
        """
        ingress = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-training-from-itself",
            security_group_id=self.training_group_id,
            referenced_security_group_id=self.training_group_id,
            ip_protocol="-1",
            description="Instances of the same job",
            opts=pulumi.ResourceOptions(parent=self),
        )
        egress = aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-training-to-itself",
            security_group_id=self.training_group_id,
            referenced_security_group_id=self.training_group_id,
            ip_protocol="-1",
            description="Instances of the same job",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies += [ingress, egress]

    def _allow_s3(self) -> None:
        prefix_list = aws.ec2.get_managed_prefix_list_output(
            name=service_name("s3", self._args.region), opts=pulumi.InvokeOptions(parent=self)
        )
        self._allow_out("s3", "S3 through its gateway endpoint", prefix_list_id=prefix_list.id)

    def _create_endpoint_group(self) -> None:
        self.endpoint_group_id = self._create_group("endpoints", "The interface endpoints").id
        self._allow_out("endpoints", "Interface endpoints", group_id=self.endpoint_group_id)
        ingress = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-from-training",
            security_group_id=self.endpoint_group_id,
            referenced_security_group_id=self.training_group_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="The instances of training jobs",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies.append(ingress)

    def _allow_file_system(self, file_system: FileSystemSettings) -> None:
        """Opens the way to a file system's group, whose own rules must let the jobs' group in."""
        group_id = file_system.security_group_id
        for ports in file_system.ports:
            target = f"{group_id}-{ports[0]}"
            self._allow_out(target, f"A file system ({file_system.type})", ports, group_id=group_id)
            if file_system.calls_back:
                self._allow_in_from_file_system(target, group_id, ports)

    def _allow_in_from_file_system(self, target: str, group_id: str, ports: Ports) -> None:
        rule = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-training-from-{target}",
            security_group_id=self.training_group_id,
            referenced_security_group_id=group_id,
            ip_protocol="tcp",
            from_port=ports[0],
            to_port=ports[1],
            description="A file system calls its clients back",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies.append(rule)

    def _allow_out(
        self,
        target: str,
        description: str,
        ports: Ports = (HTTPS, HTTPS),
        *,
        group_id: pulumi.Input[str] | None = None,
        prefix_list_id: pulumi.Input[str] | None = None,
        cidr: str | None = None,
    ) -> None:
        rule = aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-training-to-{target}",
            security_group_id=self.training_group_id,
            referenced_security_group_id=group_id,
            prefix_list_id=prefix_list_id,
            cidr_ipv4=cidr,
            ip_protocol="tcp",
            from_port=ports[0],
            to_port=ports[1],
            description=description,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies.append(rule)
