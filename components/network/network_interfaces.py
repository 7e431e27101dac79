"""`TrainingNetworkInterfaces`: SageMaker's network interfaces, which outlive their jobs.

SageMaker makes them as the execution role, in the jobs' subnets and security group, and removes
them some minutes after a job, as long as the role may. A subnet or group with an interface in it
can't be deleted. So this resource is between those and the jobs: it is deleted after the jobs
and before the subnet, the group and the role's policy, and its deletion waits for the interfaces.

The state of a stack names this module and `TrainingNetworkInterfacesProvider`: neither may ever
move.
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
"""How long SageMaker may take until it has removed the interfaces of a job that has ended."""

_REPORT_SECONDS = 60
_IDENTITY = ("account_id", "region", "security_group_id", "subnet_id")

Interface = dict[str, Any]


@dataclass(frozen=True)
class TrainingNetworkInterfacesArgs:
    """Which interfaces these are.

    Attributes:
        site: the stack's site.
        security_group_id: the jobs' security group, which no others' interfaces are in.
        subnet_id: the subnet that they are in, "" for all of the group's.
    """

    site: Site
    security_group_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str] = ""


class TrainingNetworkInterfaces(Resource, module="ec2", name="TrainingNetworkInterfaces"):
    """The interfaces of jobs in a subnet that the stack will delete, or in its security group.

    One for each subnet, so that a subnet can be taken away while jobs run in another.
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
    """Makes nothing, and is deleted when the last of the interfaces is gone."""

    def diff(self, _id: str, olds: State, news: State) -> DiffResult:
        """Replace the resource with its subnet or group.

        The new one comes first, so that the old one is deleted after the jobs have moved.
        """
        others = [key for key in _IDENTITY if has_unknown(news[key]) or olds[key] != news[key]]
        return DiffResult(changes=bool(others), replaces=others)

    def create(self, props: State) -> CreateResult:
        """Record which interfaces these are; SageMaker makes them with each job."""
        return CreateResult("/".join(filter(None, _place(props))), props)

    @traced
    def delete(self, _id: str, props: State) -> None:
        """Wait until there is no such interface.

        Raises:
            TrainingJobError: some are left at the deadline, or the credentials are another
                account's.
        """
        region = props["region"]
        ec2 = client_in(self._clients, "ec2", props["account_id"], region)
        group, subnet = _place(props)
        wait_until_removed(ec2, region, group, subnet)


def wait_until_removed(ec2: Any, region: str, group: str, subnet: str) -> None:
    """Wait until a security group has no interface in a subnet, or, with "", in any.

    Those that are attached to nothing are deleted, if the caller may.

    Raises:
        TrainingJobError: some are left at the deadline; says how to delete them.
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
    """Whether an interface is gone, after its deletion where nothing is attached to it.

    One that is attached belongs to a job that still ends, and one that may not be deleted is left
    to SageMaker.
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
            "security group nor the subnet can be deleted. See that nothing uses them, then run:",
            *(f"  {command} {each}" for each in left),
            "and run the same command again.",
        ]
    )
