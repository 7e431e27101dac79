"""In which availability zones the instance types of jobs are offered, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from components.network.subnets import is_standard
from components.problems import Problem

Offerings = Mapping[str, Set[str]]
"""The zones of each instance type that EC2 knows, by SageMaker's names of the types."""


def ec2_type(instance_type: str) -> str:
    """EC2's name of an instance type: g5.xlarge for ml.g5.xlarge."""
    return instance_type.removeprefix("ml.")


def offering_problems(
    offerings: Offerings, zones: Sequence[str], path: str, choice: str = "zones"
) -> list[Problem]:
    """The instance types that are not offered in all zones of a network, one problem for each.

    SageMaker puts a job into one of its subnets, so a job can run if one zone has its type. But
    there is less capacity to wait for, and none at all if no zone has it.

    Args:
        offerings: the zones of each type. A type that EC2 does not know is not in it, and is
            passed over.
        zones: the zones of the network.
        path: the setting that the zones are from.
        choice: what that setting names: zones, or subnets in zones.
    """
    remedy = _remedy(offerings, zones, choice)
    return [
        Problem(path, sorted(zones), _rule(type_, offered, zones), remedy)
        for type_, offered in sorted(offerings.items())
        if not offered >= set(zones)
    ]


def _rule(instance_type: str, offered: Set[str], zones: Sequence[str]) -> str:
    missing = ", ".join(sorted(set(zones) - offered))
    left = ", ".join(sorted(set(zones) & offered))
    chance = f"so its jobs find capacity only in {left}" if left else "so its jobs find no capacity"
    return f"EC2 does not offer {instance_type} in {missing}, {chance}"


def _remedy(offerings: Offerings, zones: Sequence[str], choice: str) -> str:
    """Which zones offer all types: as many as the network has, its own ones first."""
    complete = set[str]().union(*offerings.values()).intersection(*offerings.values())
    usable = filter(is_standard, complete)
    best = sorted(usable, key=lambda zone: (zone not in zones, zone))[: len(zones)]
    if not best:
        return "no zone offers the types of all jobs: put the jobs into stacks of their own"
    return f"name {choice} that offer the types of all jobs, as [{', '.join(sorted(best))}]"
