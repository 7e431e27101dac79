"""`TrainingNetworkInterfaces`: SageMaker's network interfaces, which outlive their jobs.

SageMaker makes them as the execution role, in the jobs' subnets and security group. Some minutes
after a job's end it removes them, if the role still allows it. A subnet or group can't be deleted
while an interface is in it. So this resource is deleted after the jobs, and before the subnet, the
group and the role's policy; its deletion waits until the interfaces are gone.

The state of a stack names this module and `TrainingNetworkInterfacesProvider`: neither may be
moved or renamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource

from components.site import Site
from components.training_job.aws.aws_clients import client_in
from components.training_job.aws.aws_provider import AwsResourceProvider, State
from components.training_job.aws.errors import TrainingJobError, has_expired, traced
from components.training_job.run.ending import ticks
from components.unknowns import has_unknown

REMOVAL_DEADLINE_SECONDS = 1200
"""How long to wait until SageMaker has removed the interfaces of a job that has ended."""

_REPORT_SECONDS = 60
_IDENTITY = ("account_id", "region", "security_group_id", "subnet_id")

Interface = dict[str, Any]


@dataclass(frozen=True)
class TrainingNetworkInterfacesArgs:
    """Which interfaces these are.

    Attributes:
        site: the stack's site.
        security_group_id: the jobs' security group; no other interfaces are in it.
        subnet_id: the subnet that they are in, "" for all interfaces of the group.
    """

    site: Site
    security_group_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str] = ""


class TrainingNetworkInterfaces(Resource, module="ec2", name="TrainingNetworkInterfaces"):
    """The interfaces of jobs in a subnet of the stack, or in all subnets of an existing VPC.

    Each subnet has its own such resource, so that it can be deleted while jobs run in another.
    """

    def __init__(
        self,
        name: str,
        args: TrainingNetworkInterfacesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "account_id": args.site.account_id,
            "region": args.site.region,
            "security_group_id": args.security_group_id,
            "subnet_id": args.subnet_id,
        }
        super().__init__(TrainingNetworkInterfacesProvider(), name, inputs, opts)


class TrainingNetworkInterfacesProvider(AwsResourceProvider):
    """Makes nothing; its deletion ends when the last of the interfaces is gone."""

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Whether another subnet or group replaces the resource.

        The new one is made first. The old one is deleted after the jobs have moved.
        """
        others = [key for key in _IDENTITY if has_unknown(news[key]) or olds[key] != news[key]]
        return DiffResult(changes=bool(others), replaces=others)

    def create(self, props: State) -> CreateResult:
        """Records which interfaces these are; SageMaker makes them with each job."""
        return CreateResult("/".join(filter(None, _place(props))), props)

    @traced
    def delete(self, _id: str, props: State) -> None:
        """Waits until there is no such interface.

        Raises:
            TrainingJobError: some are left at the deadline, or the credentials are of another
                account.
        """
        region = props["region"]
        ec2 = client_in(self._clients, "ec2", props["account_id"], region)
        group, subnet = _place(props)
        wait_until_removed(ec2, region, group, subnet)


def wait_until_removed(ec2: Any, region: str, group: str, subnet: str) -> None:
    """Waits until a security group has no interface in a subnet, or in any subnet for "".

    Interfaces that are attached to nothing are deleted here, if the caller may delete them.

    Raises:
        TrainingJobError: some are left at the deadline; it says how to delete them.
    """
    place = f"{group} in {subnet}" if subnet else group
    left: list[str] = []
    reported: tuple[Any, ...] = ()
    for waited in ticks(REMOVAL_DEADLINE_SECONDS):
        found = _interfaces(ec2, group, subnet)
        left = [each["NetworkInterfaceId"] for each in found if not _deleted(ec2, each)]
        if not left:
            return
        news = (left, waited // _REPORT_SECONDS)
        if news != reported:
            reported = news
            print(
                f"waiting until SageMaker has removed its network interfaces of {place}: "
                f"{', '.join(left)} ({waited:.0f} s of at most {REMOVAL_DEADLINE_SECONDS} s)"
            )
    raise TrainingJobError(_still_there(region, place, left))


def _place(props: State) -> tuple[str, str]:
    return props["security_group_id"], props["subnet_id"]


def _interfaces(ec2: Any, group: str, subnet: str) -> list[Interface]:
    filters = [{"Name": "group-id", "Values": [group]}]
    if subnet:
        filters.append({"Name": "subnet-id", "Values": [subnet]})
    pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    return [each for page in pages for each in page["NetworkInterfaces"]]


def _deleted(ec2: Any, interface: Interface) -> bool:
    """Whether an interface is gone; one that is attached to nothing is deleted first.

    An attached one belongs to a job that is still ending. One that the caller may not delete is
    left for SageMaker.
    """
    if interface["Status"] != "available":
        return False
    try:
        ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    except ec2.exceptions.ClientError as error:
        if has_expired(error):
            raise
        return bool(error.response["Error"]["Code"] == "InvalidNetworkInterfaceID.NotFound")
    return True


def _still_there(region: str, place: str, left: Sequence[str]) -> str:
    command = f"aws ec2 delete-network-interface --region {region} --network-interface-id"
    return "\n".join(
        [
            f"SageMaker has not removed its network interfaces of {place} within "
            f"{REMOVAL_DEADLINE_SECONDS} s: {', '.join(left)}. While they are there, neither the "
            "security group nor the subnet can be deleted. If nothing else uses them, run:",
            *(f"  {command} {each}" for each in left),
            "and run the same command again.",
        ]
    )
