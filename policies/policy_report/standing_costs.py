"""What the resources of a stack cost while no job runs, by AWS's list prices.

The prices are those of docs/costs.md, with AWS's pages: on demand in us-east-1, in USD, as they
were published in 2026. What is free for the first of an account, as ten alarms and three
dashboards, is not taken off, as a preview does not see the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from training_policies.resource import MISSING, UNKNOWN, Resource

_HOURS = 730
"""The hours of a month, as AWS's price pages count them."""


@dataclass(frozen=True)
class Price:
    """A kind of resource, and what one of it costs a month, in USD."""

    what: str
    monthly: float


@dataclass(frozen=True)
class StandingCost:
    """What all resources of a kind cost a month, in USD; None where their number is not known."""

    what: str
    number: int | None
    monthly: float | None


ENDPOINT_TYPE = "aws:ec2/vpcEndpoint:VpcEndpoint"
PRICES = {
    "aws:kms/key:Key": Price("KMS key", 1.00),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Price("alarm", 0.10),
    "aws:cloudwatch/dashboard:Dashboard": Price("dashboard", 3.00),
    "aws:sfn/stateMachine:StateMachine": Price("state machine, run every 15 minutes", 0.30),
    ENDPOINT_TYPE: Price("interface endpoint, in one zone", 0.01 * _HOURS),
    "aws:ec2/natGateway:NatGateway": Price("NAT gateway", 0.045 * _HOURS),
    "aws:ec2/eip:Eip": Price("public IPv4 address", 0.005 * _HOURS),
}
"""The prices by types of resources. All others cost nothing, or only what is used of them."""

BY_USE = {
    "aws:s3/bucket:Bucket": "objects (0.023 USD a month for each GB)",
    "aws:ec2/flowLog:FlowLog": "flow logs (0.50 USD for each GB written)",
    "aws:ec2/natGateway:NatGateway": "traffic through NAT (0.045 USD for each GB)",
    ENDPOINT_TYPE: "traffic through interface endpoints (0.01 USD for each GB)",
}
"""What is billed by use, by types of resources."""


def standing_costs(resources: Iterable[Resource]) -> list[StandingCost]:
    """What each kind of resource costs a month, the most expensive first."""
    numbers: dict[str, list[int | None]] = {}
    for each in resources:
        if each.type in PRICES:
            numbers.setdefault(each.type, []).append(_units(each))
    costs = [_cost(PRICES[type_], units) for type_, units in numbers.items()]
    billed = [each for each in costs if each.number != 0]
    return sorted(billed, key=lambda each: -_known(each.monthly))


def together(costs: Iterable[StandingCost]) -> float | None:
    """The sum a month, in USD; None where a part is not known."""
    amounts = [each.monthly for each in costs]
    known = [each for each in amounts if each is not None]
    return sum(known) if len(known) == len(amounts) else None


def billed_by_use(resources: Iterable[Resource]) -> Iterator[str]:
    """Yields what else these resources cost, by what is used of them."""
    types = {each.type for each in resources if _units(each) != 0}
    yield from (what for type_, what in BY_USE.items() if type_ in types)


def _known(monthly: float | None) -> float:
    return float("inf") if monthly is None else monthly


def _cost(price: Price, units: Sequence[int | None]) -> StandingCost:
    known = [each for each in units if each is not None]
    if len(known) < len(units):
        return StandingCost(price.what, None, None)
    return StandingCost(price.what, sum(known), sum(known) * price.monthly)


def _units(resource: Resource) -> int | None:
    """How many times a resource is billed; an interface endpoint once in each of its subnets."""
    if resource.type != ENDPOINT_TYPE:
        return 1
    kind, subnets = resource.read("vpcEndpointType"), resource.read("subnetIds")
    if kind in (MISSING, "Gateway"):
        return 0
    if kind is UNKNOWN or not isinstance(subnets, list):
        return None
    return len(subnets)
