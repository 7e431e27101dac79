"""The most that an acceptance can cost, in USD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.platform_settings import INSTANCES, MAX_RUNTIME_SECONDS
from components.instances import training_instance_types
from components.training_job.request.cost import OVERHEAD_SECONDS

HOURS = 3.0
"""For how many hours what costs by the hour is counted; the acceptance takes less than one."""
_HOURS_PER_MONTH = 730.0
_USD_PER_MONTH = {"KMS key": 1.0, "eight CloudWatch alarms": 8 * 0.10}
"""List prices in us-east-1 of what the stack has by the hour; it has no NAT and no endpoint with a
price. A key is billed by the hour, and not while its deletion is pending."""
_REQUESTS_USD = 0.01
"""Requests, log lines, messages and a few kilobytes of storage: more than they can be."""


class UnknownPriceError(Exception):
    """An instance type has no known price, so nothing can be promised about it."""


@dataclass(frozen=True)
class Item:
    """One line of the costs."""

    what: str
    usd: float


def most(instance_type: str) -> list[Item]:
    """The lines of what an acceptance can cost at most.

    Raises:
        UnknownPriceError: the instance type has no price in the table.

    """
    return [*_launches(instance_type), *_by_the_hour(), Item("requests and storage", _REQUESTS_USD)]


def total(items: list[Item]) -> float:
    """Their sum in USD, rounded up to a cent."""
    cents = sum(item.usd for item in items) * 100
    return -(-cents // 1) / 100


def _launches(instance_type: str) -> Iterator[Item]:
    """Each launch for its longest time, at the price on demand: spot costs no more than that."""
    known = training_instance_types().get(instance_type)
    price = known.on_demand_usd_per_hour if known else None
    if price is None:
        message = f"{instance_type} has no price in components/instances.csv; choose another type."
        raise UnknownPriceError(message)
    hours = (MAX_RUNTIME_SECONDS + OVERHEAD_SECONDS) / 3600
    for launch in ("the job", "the job, resumed", "the job that fails"):
        usd = price * INSTANCES * hours
        what = f"{launch}: {INSTANCES} × {instance_type} for {hours * 60:.0f} minutes"
        yield Item(f"{what} at {price} USD per hour", usd)


def _by_the_hour() -> Iterator[Item]:
    for what, usd in _USD_PER_MONTH.items():
        yield Item(f"{what} for {HOURS:.0f} hours", usd * HOURS / _HOURS_PER_MONTH)
