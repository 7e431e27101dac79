"""The most that an acceptance can cost, in USD."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from acceptance.platform_settings import INSTANCES, MAX_RUNTIME_SECONDS, TRIAL_SECONDS, TRIALS
from acceptance.tuning import LIMIT_SECONDS
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


@dataclass(frozen=True)
class _Launch:
    """What is launched, and how many instances it takes for how long."""

    what: str
    instances: int
    seconds: int
    """The longest runtime, to which the start and the upload are added."""


_LAUNCHES = (
    _Launch("the job", INSTANCES, MAX_RUNTIME_SECONDS),
    _Launch("the job, resumed", INSTANCES, MAX_RUNTIME_SECONDS),
    _Launch("the job that fails", INSTANCES, MAX_RUNTIME_SECONDS),
)
OPTIONS: dict[str, tuple[_Launch, ...]] = {
    "elastic": (),
    "tracking": (),
    "tuning": (
        _Launch("the trials", TRIALS, TRIAL_SECONDS),
        _Launch("the trials, resumed", TRIALS, TRIAL_SECONDS),
        _Launch("a trial without time", 1, LIMIT_SECONDS),
        _Launch("a tuning that AWS should refuse, in case it does not", 1, LIMIT_SECONDS),
    ),
}
"""The options, and what each launches. The first two add nothing: one resumes on fewer instances,
the other only reads."""


def most(instance_type: str, options: Collection[str] = ()) -> list[Item]:
    """The lines of what an acceptance with these options can cost at most.

    Raises:
        UnknownPriceError: the instance type has no price in the table.

    """
    return [
        *(_item(each, instance_type) for each in _LAUNCHES),
        *_by_the_hour(),
        Item("requests and storage", _REQUESTS_USD),
        *(item for option in sorted(set(options)) for item in of_option(option, instance_type)),
    ]


def of_option(option: str, instance_type: str) -> list[Item]:
    """The lines of what an option adds.

    Raises:
        UnknownPriceError: the instance type has no price in the table.

    """
    launches = [_item(each, instance_type, f"--with {option}, ") for each in OPTIONS[option]]
    return launches or [Item(f"--with {option}: nothing more", 0.0)]


def total(items: list[Item]) -> float:
    """Their sum in USD, rounded up to a cent."""
    cents = sum(item.usd for item in items) * 100
    return -(-cents // 1) / 100


def _item(launch: _Launch, instance_type: str, before: str = "") -> Item:
    """A launch for its longest time, at the price on demand: spot costs no more than that."""
    known = training_instance_types().get(instance_type)
    price = known.on_demand_usd_per_hour if known else None
    if price is None:
        message = f"{instance_type} has no price in components/instances.csv; choose another type."
        raise UnknownPriceError(message)
    hours = (launch.seconds + OVERHEAD_SECONDS) / 3600
    what = f"{launch.what}: {launch.instances} × {instance_type} for {hours * 60:.0f} minutes"
    return Item(f"{before}{what} at {price} USD per hour", price * launch.instances * hours)


def _by_the_hour() -> Iterator[Item]:
    for what, usd in _USD_PER_MONTH.items():
        yield Item(f"{what} for {HOURS:.0f} hours", usd * HOURS / _HOURS_PER_MONTH)
