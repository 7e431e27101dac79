"""The private network that jobs run in: subnets without internet, and S3 through an endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.network.endpoints import EndpointService, service_name
from components.network.flow_logs import FlowLogs, FlowLogsArgs
from components.network.nat_gateways import NatGateways, NatGatewaysArgs
from components.network.network_documents import interface_endpoint_policy, s3_endpoint_policy
from components.network.network_settings import ExistingVpcSettings, NetworkSettings
from components.network.security_groups import SecurityGroups, SecurityGroupsArgs
from components.network.subnets import ZoneSubnets, plan_subnets
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds


@dataclass(frozen=True)
class NetworkArgs:
    """What a network is made from.

    Attributes:
        site: the stack's site.
        settings: the stack's settings of the network.
        needs: what the jobs reach beyond the stack: inputs in S3, and file systems.
        artifact_bucket_arn: the bucket that is reached through the S3 endpoint.
        flow_log_key_arn: the key that encrypts the flow logs; its policy lets CloudWatch Logs
            use it.
        endpoint_services: what EC2 says about the services of the interface endpoints.
    """

    site: Site
    settings: NetworkSettings
    needs: JobNeeds
    artifact_bucket_arn: pulumi.Input[str]
    flow_log_key_arn: pulumi.Input[str]
    endpoint_services: Mapping[str, EndpointService] = field(default_factory=dict)


class Network(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone; or, in an existing VPC, only a security group."""

    vpc_id: pulumi.Output[str]
    """The VPC."""

    private_subnet_ids: pulumi.Output[list[str]]
    """The subnets that jobs run in, in the order of the zones."""

    own_subnet_ids: dict[str, pulumi.Output[str]]
    """The private subnets that the stack makes, by zone; empty in an existing VPC."""

    zone_dependencies: dict[str, list[pulumi.Resource]]
    """Each zone's subnet and its routes, by zone; they are made and deleted with the zone."""

    training_security_group_id: pulumi.Output[str]
    """The security group of the jobs' instances."""

    s3_endpoint_id: pulumi.Output[str]
    """The S3 gateway endpoint, empty where an existing VPC has none."""

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:Network", name, None, opts)
        self._name = name
        self._args, self._site, self._settings = args, args.site, args.settings
        self.own_subnet_ids = {}
        self.zone_dependencies = {}
        self.dependencies = []

        settings = args.settings
        if settings.existing is not None:
            self._use_existing(settings.existing)
        else:
            self._create_vpc()
            self._create_flow_logs()
            self._create_subnets(plan_subnets(settings.cidr, args.site.zones, settings.nat))
            self._create_s3_endpoint()
            self._create_security_groups()
            for endpoint in settings.interface_endpoints:
                self._create_interface_endpoint(endpoint)

        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "private_subnet_ids": self.private_subnet_ids,
                "training_security_group_id": self.training_security_group_id,
                "s3_endpoint_id": self.s3_endpoint_id,
            }
        )

    def _use_existing(self, existing: ExistingVpcSettings) -> None:
        self.vpc_id = pulumi.Output.from_input(existing.vpc_id)
        self.private_subnet_ids = pulumi.Output.from_input(list(existing.subnet_ids))
        self.s3_endpoint_id = pulumi.Output.from_input(existing.s3_endpoint_id)
        self._create_security_groups(existing.endpoint_group_id or None)

    def _create_vpc(self) -> None:
        vpc = aws.ec2.Vpc(
            self._name,
            cidr_block=self._settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            instance_tenancy="default",
            tags={"Name": self._name},
            opts=self._child(),
        )
        self.vpc_id = vpc.id
        default_group = aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-group",
            vpc_id=vpc.id,
            # Empty lists and not None, so that a rule that someone adds shows as a difference.
            ingress=[],
            egress=[],
            tags={"Name": f"{self._name}-unused"},
            opts=self._child(),
        )
        self.dependencies += [vpc, default_group]

    def _create_flow_logs(self) -> None:
        logs = FlowLogs(
            f"{self._name}-flow-logs",
            FlowLogsArgs(
                site=self._site,
                vpc_id=self.vpc_id,
                key_arn=self._args.flow_log_key_arn,
                retention_days=self._settings.flow_log_days,
            ),
            opts=self._child(),
        )
        self.dependencies += logs.dependencies

    def _create_subnets(self, plan: Sequence[ZoneSubnets]) -> None:
        created = {each.zone: self._create_private_subnet(each) for each in plan}
        self.own_subnet_ids = {zone: subnet.id for zone, (subnet, _) in created.items()}
        self.private_subnet_ids = pulumi.Output.all(*self.own_subnet_ids.values())
        self._route_tables = {zone: table.id for zone, (_, table) in created.items()}
        if self._settings.nat != "none":
            gateways = NatGateways(
                f"{self._name}-nat",
                NatGatewaysArgs(
                    vpc_id=self.vpc_id, subnets=plan, private_route_tables=self._route_tables
                ),
                opts=self._child(),
            )
            self.dependencies += gateways.dependencies

    def _create_private_subnet(
        self, zone: ZoneSubnets
    ) -> tuple[aws.ec2.Subnet, aws.ec2.RouteTable]:
        """A subnet with a route table of its own, as each zone may have its own NAT gateway."""
        name = f"{self._name}-private-{zone.letter}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone.zone,
            cidr_block=zone.private,
            map_public_ip_on_launch=False,
            tags={"Name": name},
            opts=self._child(),
        )
        table = aws.ec2.RouteTable(
            name, vpc_id=self.vpc_id, tags={"Name": name}, opts=self._child()
        )
        association = aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=table.id, opts=self._child()
        )
        self.zone_dependencies[zone.zone] = [subnet, table, association]
        self.dependencies += [subnet, table, association]
        return subnet, table

    def _create_s3_endpoint(self) -> None:
        args = self._args
        policy = pulumi.Output.from_input(args.artifact_bucket_arn).apply(
            lambda bucket_arn: json.dumps(
                s3_endpoint_policy(
                    args.site,
                    bucket_arn,
                    args.needs.input_prefixes,
                    image_layers="ecr.dkr" in args.settings.interface_endpoints,
                    further_buckets=args.settings.s3_buckets,
                )
            )
        )
        endpoint = aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Gateway",
            service_name=service_name("s3", args.site.region),
            policy=policy,
            tags={"Name": f"{self._name}-s3"},
            opts=self._child(),
        )
        self.s3_endpoint_id = endpoint.id
        self.dependencies.append(endpoint)
        for zone, table_id in self._route_tables.items():
            self._create_s3_route(zone, table_id)

    def _create_s3_route(self, zone: str, table_id: pulumi.Output[str]) -> None:
        """A zone's route to the S3 endpoint, which is made and deleted with the zone."""
        association = aws.ec2.VpcEndpointRouteTableAssociation(
            f"{self._name}-s3-{zone[-1]}",
            vpc_endpoint_id=self.s3_endpoint_id,
            route_table_id=table_id,
            opts=self._child(),
        )
        self.zone_dependencies[zone].append(association)
        self.dependencies.append(association)

    def _create_security_groups(self, existing_endpoint_group: str | None = None) -> None:
        groups = SecurityGroups(
            f"{self._name}-groups",
            SecurityGroupsArgs(
                vpc_id=self.vpc_id,
                region=self._site.region,
                endpoints=bool(self._settings.interface_endpoints),
                endpoint_group_id=existing_endpoint_group,
                internet=self._settings.nat != "none",
                file_systems=self._args.needs.file_systems,
            ),
            opts=self._child(),
        )
        self.training_security_group_id = groups.training_group_id
        self._endpoint_group_id = groups.endpoint_group_id
        self.dependencies += groups.dependencies

    def _create_interface_endpoint(self, endpoint: str) -> None:
        """An endpoint in all zones that its service is in, with a policy if it takes one.

        The other zones reach it too: its name is resolved to the addresses that it has.
        """
        service = self._args.endpoint_services.get(endpoint, EndpointService())
        zones = service.zones_among(list(self.own_subnet_ids))
        policy = json.dumps(interface_endpoint_policy(self._site))
        name = f"{self._name}-{endpoint.replace('.', '-')}"
        created = aws.ec2.VpcEndpoint(
            name,
            vpc_id=self.vpc_id,
            vpc_endpoint_type="Interface",
            service_name=service_name(endpoint, self._site.region),
            subnet_ids=[self.own_subnet_ids[zone] for zone in zones],
            security_group_ids=[self._endpoint_group_id],
            private_dns_enabled=True,
            policy=policy if service.takes_policy else None,
            tags={"Name": name},
            opts=self._child(),
        )
        self.dependencies.append(created)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
