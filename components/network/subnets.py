"""How a VPC's address range is cut into subnets, and which ranges are refused.

The range is cut into eight equal slots. The first six belong to the zones a to f, by the zone's
letter and not by its place in a list. So no subnet gets another range when zones are added, removed
or reordered. The eighth slot is cut in the same way, for the public subnets of NAT gateways. The
seventh is free.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from components.problems import Problem, shown

Nat = Literal["none", "single", "per-zone"]

MOST_ZONES = 6
LARGEST_RANGE = 16
SMALLEST_RANGE = 24
SMALLEST_RANGE_WITH_NAT = 22  # two cuts by eight end at /28, the smallest subnet that AWS makes
ADDRESSES_PER_INSTANCE = 2
ADDRESSES_PER_EFA_INSTANCE = 5
ADDRESSES_RESERVED_BY_AWS = 5

_SLOT_BITS = 3
_PUBLIC_SLOT = 7
ZONE_NAME = re.compile(r"[a-z]+(?:-[a-z]+)+-\d([a-f])")
_PRIVATE_RANGES = tuple(
    IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
_CONTAINER_RANGE = IPv4Network("172.17.0.0/16")


@dataclass(frozen=True)
class ZoneSubnets:
    """The ranges of one availability zone; `public` is None if it has no NAT gateway."""

    zone: str
    private: str
    public: str | None = None

    @property
    def letter(self) -> str:
        """The zone's letter, by which resources are named."""
        return self.zone[-1]


def plan_subnets(cidr: str, zones: Sequence[str], nat: Nat = "none") -> list[ZoneSubnets]:
    """The subnets of each zone, in the order of the zones.

    Raises:
        ValueError: a zone's name is not that of a standard zone, or is in the list twice.
    """
    if len(set(zones)) < len(zones):
        raise ValueError(f"availability zones {list(zones)}: each may be named once")
    gateways = {"none": 0, "single": 1, "per-zone": len(zones)}[nat]
    with_gateway = sorted(zones)[:gateways]
    vpc = IPv4Network(cidr)
    public = _slot(vpc, _PUBLIC_SLOT)
    return [
        ZoneSubnets(
            zone=zone,
            private=str(_slot(vpc, zone_slot(zone))),
            public=str(_slot(public, zone_slot(zone))) if zone in with_gateway else None,
        )
        for zone in zones
    ]


def zone_slot(zone: str) -> int:
    """The slot of a zone: 0 for us-east-1a, 5 for us-east-1f.

    Raises:
        ValueError: the name is not that of a standard zone. No jobs run in local and wavelength
            zones, and the letters of those zones are used by the region's own zones too.
    """
    match = ZONE_NAME.fullmatch(zone)
    if match is None:
        raise ValueError(f"availability zone {zone!r}: write a standard zone's name, as us-east-1a")
    return ord(match[1]) - ord("a")


def is_standard(zone: str) -> bool:
    """Whether a zone is one that jobs can run in: not a local or a wavelength zone."""
    return ZONE_NAME.fullmatch(zone) is not None


def chosen_zones(available: Iterable[str], wanted: int | Sequence[str]) -> list[str]:
    """The zones that were asked for: the first ones of a region by name, or those of a list.

    They are in the order of their names. The instance types of the jobs do not count here: with
    another job, the network of a stack would move to other zones.

    Raises:
        ValueError: the region has fewer, or does not have one of the list.
    """
    standard = sorted(zone for zone in set(available) if is_standard(zone))
    if isinstance(wanted, int):
        missing, remedy = wanted > len(standard), f"ask for at most {len(standard)}"
        chosen = standard[:wanted]
    else:
        missing, remedy = not set(wanted) <= set(standard), "name zones of the region"
        chosen = sorted(wanted)
    if missing:
        raise ValueError(
            f"network.availabilityZones: {shown(wanted)} — the region has {len(standard)} standard "
            f"zones ({', '.join(standard)}).\n    Remedy: {remedy}."
        )
    return chosen


def zone_problems(wanted: int | Sequence[str]) -> list[Problem]:
    """What is wrong with a list of zones by their names; paths relative to the list."""
    named: Sequence[str] = [] if isinstance(wanted, int) else wanted
    problems = []
    for position, zone in enumerate(named):
        if not is_standard(zone):
            rule = "is not the name of a standard zone"
            problems.append(Problem(str(position), zone, rule, "write one as us-east-1a"))
        elif zone in named[:position]:
            problems.append(
                Problem(str(position), zone, "is in the list twice", "name each zone once")
            )
    return problems


def addresses_needed(instances: int, efa: bool = False) -> int:
    """How many addresses a job with this number of instances takes in its subnet."""
    return instances * (ADDRESSES_PER_EFA_INSTANCE if efa else ADDRESSES_PER_INSTANCE)


def too_small(free: int, instances: int, efa: bool) -> str:
    """The rule that a subnet with this number of free addresses breaks; "" if there is room."""
    needed = addresses_needed(instances, efa)
    if needed <= free:
        return ""
    job = f"the largest job, {instances} instances{' with EFA' if efa else ''}"
    return f"has {free} free addresses, and {job}, takes {needed}"


def addresses_free(cidr: str, interface_endpoints: int = 0) -> int:
    """How many addresses of one zone's private subnet jobs can use.

    AWS reserves five in each subnet, and each interface endpoint takes one.
    """
    subnet = _slot(IPv4Network(cidr), 0)
    return subnet.num_addresses - ADDRESSES_RESERVED_BY_AWS - interface_endpoints


def network_problems(
    cidr: str,
    largest_job: int,
    *,
    efa: bool = False,
    nat: Nat = "none",
    interface_endpoints: int = 0,
) -> list[Problem]:
    """Everything that is wrong with a network; paths relative to the network's settings.

    Args:
        cidr: the VPC's range.
        largest_job: the instances of the largest job.
        efa: whether a job's instances have an Elastic Fabric Adapter.
        nat: whether there are NAT gateways, which need public subnets.
        interface_endpoints: the number of interface endpoints.
    """
    return _range_problems(cidr, nat) or _room_problems(cidr, largest_job, efa, interface_endpoints)


def _slot(network: IPv4Network, number: int) -> IPv4Network:
    return list(network.subnets(prefixlen_diff=_SLOT_BITS))[number]


def _range_problems(cidr: str, nat: Nat) -> list[Problem]:
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return [_problem(cidr, f"is not an IPv4 range: {error}", "write one as 10.64.0.0/16")]
    smallest = SMALLEST_RANGE if nat == "none" else SMALLEST_RANGE_WITH_NAT
    if not LARGEST_RANGE <= network.prefixlen <= smallest:
        why = "" if nat == "none" else " where there are NAT gateways"
        rule = f"a range is /{LARGEST_RANGE} to /{smallest}{why}"
        suggested = IPv4Network(f"{network.network_address}/{LARGEST_RANGE}", strict=False)
        return [_problem(cidr, rule, f"write one as {suggested}")]
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        named = ", ".join(str(private) for private in _PRIVATE_RANGES)
        return [_problem(cidr, "is not private", f"choose a range within one of {named}")]
    if network.overlaps(_CONTAINER_RANGE):
        rule = f"overlaps {_CONTAINER_RANGE}, which SageMaker's containers use themselves"
        return [_problem(cidr, rule, "choose another range, as 10.64.0.0/16")]
    return []


def _room_problems(cidr: str, instances: int, efa: bool, endpoints: int) -> list[Problem]:
    """A subnet must have room for a whole job: SageMaker puts all its instances into one zone."""
    fault = too_small(addresses_free(cidr, endpoints), instances, efa)
    if not fault:
        return []
    rule = f"each zone's subnet {fault}"
    address = IPv4Network(cidr).network_address
    for prefix in range(IPv4Network(cidr).prefixlen - 1, LARGEST_RANGE - 1, -1):
        wider = IPv4Network(f"{address}/{prefix}", strict=False)
        if not too_small(addresses_free(str(wider), endpoints), instances, efa):
            return [_problem(cidr, rule, f"widen the range to /{prefix} or more, as {wider}")]
    return [_problem(cidr, rule, "use fewer, larger instances: no VPC's range is wide enough")]


def _problem(cidr: str, rule: str, remedy: str) -> Problem:
    return Problem("cidr", cidr, rule, remedy)
