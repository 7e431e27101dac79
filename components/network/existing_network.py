"""An existing VPC: when jobs can't run in it, by EC2's descriptions of subnets and route tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.network.network_settings import ExistingVpcSettings
from components.network.subnets import too_small
from components.problems import Problem


def existing_network_problems(
    network: ExistingVpcSettings,
    subnets: Sequence[Mapping[str, Any]],
    route_tables: Sequence[Mapping[str, Any]],
    largest_job: int,
    *,
    efa: bool = False,
) -> list[Problem]:
    """Everything that is wrong with an existing network; paths relative to `network.existing`.

    Args:
        network: the settings of the existing network.
        subnets: the subnets of those ids that exist, as EC2 describes them.
        route_tables: the route tables of the VPC, as EC2 describes them.
        largest_job: the instances of the largest job.
        efa: whether a job's instances have an Elastic Fabric Adapter.
    """
    described = {subnet["SubnetId"]: subnet for subnet in subnets}
    problems: list[Problem] = []
    for position, subnet_id in enumerate(network.subnet_ids):
        path, subnet = f"subnetIds.{position}", described.get(subnet_id)
        if subnet is None:
            rule = "no such subnet exists in this account and region"
            problems.append(Problem(path, subnet_id, rule, "name one of the VPC's private subnets"))
        else:
            problems += _subnet_problems(path, subnet, network.vpc_id, route_tables)
            problems += _room_problems(path, subnet, largest_job, efa)
    return problems


def _subnet_problems(
    path: str, subnet: Mapping[str, Any], vpc_id: str, route_tables: Sequence[Mapping[str, Any]]
) -> list[Problem]:
    subnet_id, remedy = subnet["SubnetId"], "name one of the VPC's private subnets"
    if subnet["VpcId"] != vpc_id:
        rule = f"belongs to {subnet['VpcId']}, not to {vpc_id}"
        return [Problem(path, subnet_id, rule, remedy)]
    gateways = _internet_gateways(subnet_id, route_tables)
    if gateways:
        rule = f"is public: its traffic leaves through {gateways[0]}"
        return [Problem(path, subnet_id, rule, remedy)]
    if subnet.get("MapPublicIpOnLaunch"):
        rule = "gives public addresses to what is created in it"
        return [
            Problem(path, subnet_id, rule, f"{remedy}, or set its MapPublicIpOnLaunch to false")
        ]
    return []


def _room_problems(
    path: str, subnet: Mapping[str, Any], instances: int, efa: bool
) -> list[Problem]:
    fault = too_small(subnet["AvailableIpAddressCount"], instances, efa)
    return [Problem(path, subnet["SubnetId"], fault, "name a larger subnet")] if fault else []


def _internet_gateways(subnet_id: str, route_tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """The internet gateways in a subnet's routes.

    A subnet that no route table names has the routes of the VPC's main one.
    """
    own = [table for table in route_tables if _is_for(table, subnet_id)]
    used = own or [table for table in route_tables if _is_main(table)]
    return [
        route["GatewayId"]
        for table in used
        for route in table.get("Routes", ())
        if route.get("GatewayId", "").startswith("igw-")
    ]


def _is_for(table: Mapping[str, Any], subnet_id: str) -> bool:
    return any(each.get("SubnetId") == subnet_id for each in table.get("Associations", ()))


def _is_main(table: Mapping[str, Any]) -> bool:
    return any(each.get("Main") for each in table.get("Associations", ()))
