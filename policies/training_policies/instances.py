"""The hardware and prices of SageMaker training instance types, from the pack's own price file.

`instances.csv` is the same table as the program's, so that the program that is judged
can't change a price. Prices are on-demand USD per instance and hour in us-east-1; a type without
one has an unknown price, which is not the same as a price of zero.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

_TABLE = Path(__file__).with_name("instances.csv")


@dataclass(frozen=True)
class InstanceType:
    """One row of the table. `accelerator` is the kind, as NVIDIA A10G, "" where there is none."""

    name: str
    accelerators: int
    accelerator: str
    has_local_storage: bool
    """Whether training data is on local NVMe disks, so that the service refuses a volume key."""
    usd_per_hour: float | None


def family_of(instance_type: str) -> str:
    """The part of an instance type between `ml.` and the last dot, for which quotas are given.

    >>> family_of("ml.c7i-flex.2xlarge")
    'c7i-flex'
    """
    return instance_type.removeprefix("ml.").rpartition(".")[0]


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """The whole table, by instance type."""
    with _TABLE.open(newline="", encoding="utf-8") as table:
        return {row["instance_type"]: _parse(row) for row in csv.DictReader(table)}


def _parse(row: Mapping[str, str]) -> InstanceType:
    price = row["on_demand_usd_per_hour"]
    return InstanceType(
        name=row["instance_type"],
        accelerators=int(row["accelerators"] or 0),
        accelerator=row["accelerator_name"],
        has_local_storage=float(row["local_nvme_gb"] or 0) > 0,
        usd_per_hour=float(price) if price else None,
    )


@dataclass(frozen=True)
class Prices:
    """Prices in USD per instance and hour.

    `own` has the organisation's own prices, which come before those of the price file. A type
    without a price in either is refused, or counted as free, as `unknown` says.
    """

    own: Mapping[str, float] = field(default_factory=dict)
    unknown: Literal["refuse", "allow"] = "refuse"

    def usd_per_hour(self, instance_type: str) -> float | None:
        """The price; None if it is not known and such types are refused."""
        if instance_type in self.own:
            return self.own[instance_type]
        listed = instance_types().get(instance_type)
        if listed is not None and listed.usd_per_hour is not None:
            return listed.usd_per_hour
        return 0.0 if self.unknown == "allow" else None
