"""A way to the internet, for a network that asks for it: NAT gateways in public subnets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.network.subnets import ZoneSubnets

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class NatGatewaysArgs:
    """What NAT gateways are made from.

    Attributes:
        vpc_id: the VPC that they are in.
        subnets: the ranges of all zones; a zone with a public range gets a gateway.
        private_route_tables: the route table of each zone's private subnet, by zone.
    """

    vpc_id: pulumi.Input[str]
    subnets: Sequence[ZoneSubnets]
    private_route_tables: Mapping[str, pulumi.Input[str]]


class NatGateways(pulumi.ComponentResource):
    """An internet gateway, and a NAT gateway in one zone or in each.

    Only the gateways are in the public subnets, which give out no public addresses.
    """

    dependencies: list[pulumi.Resource]
    """What a job must start after and end before."""

    def __init__(
        self, name: str, args: NatGatewaysArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:NatGateways", name, None, opts)
        self._name = name
        self._args = args
        self.dependencies = []

        table, way_out = self._create_public_route_table()
        gateways = {
            each.zone: self._create_gateway(each, each.public, table, way_out)
            for each in args.subnets
            if each.public is not None
        }
        for each in args.subnets:
            self._create_route(each, gateways.get(each.zone, next(iter(gateways.values()))))

        self.register_outputs({})

    def _create_public_route_table(self) -> tuple[aws.ec2.RouteTable, aws.ec2.Route]:
        opts = pulumi.ResourceOptions(parent=self)
        tags = {"Name": f"{self._name}-public"}
        internet = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=self._args.vpc_id, tags=tags, opts=opts
        )
        table = aws.ec2.RouteTable(
            f"{self._name}-public", vpc_id=self._args.vpc_id, tags=tags, opts=opts
        )
        route = aws.ec2.Route(
            f"{self._name}-public-out",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=internet.id,
            opts=opts,
        )
        self.dependencies += [internet, table, route]
        return table, route

    def _create_gateway(
        self, zone: ZoneSubnets, cidr: str, table: aws.ec2.RouteTable, way_out: aws.ec2.Route
    ) -> aws.ec2.NatGateway:
        opts = pulumi.ResourceOptions(parent=self)
        name = f"{self._name}-public-{zone.letter}"
        tags = {"Name": name}
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self._args.vpc_id,
            availability_zone=zone.zone,
            cidr_block=cidr,
            map_public_ip_on_launch=False,
            tags=tags,
            opts=opts,
        )
        association = aws.ec2.RouteTableAssociation(
            name, subnet_id=subnet.id, route_table_id=table.id, opts=opts
        )
        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags=tags, opts=opts)
        gateway = aws.ec2.NatGateway(
            f"{name}-gateway",
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            tags=tags,
            # A gateway fails if its subnet has no route out yet. And a VPC's internet gateway can't
            # be detached while there is a NAT gateway.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[way_out, association]),
        )
        self.dependencies += [subnet, association, address, gateway]
        return gateway

    def _create_route(self, zone: ZoneSubnets, gateway: aws.ec2.NatGateway) -> None:
        route = aws.ec2.Route(
            f"{self._name}-private-{zone.letter}-out",
            route_table_id=self._args.private_route_tables[zone.zone],
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=gateway.id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dependencies.append(route)
