"""What SageMaker training instance types are made of and cost.

The table `instances.csv` has a row for each value of the service model's `TrainingInstanceType`.
Specifications are EC2's own (DescribeInstanceTypes). Prices are on-demand USD per instance and
hour in us-east-1; their grade says where they come from:

- A: Training SKUs of the AWS price list for SageMaker, read in 2026-04 to 2026-08.
- B: the same price list, where every component of a type costs the same within a cent.
- C: AWS's pricing page of 2021, for types that are no longer listed.

`python -m development.prices` reads the prices again. If a type has no price in the table, its
price is unknown. That is not a price of zero.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("instances.csv")


@dataclass(frozen=True)
class InstanceType:
    """One row of the table.

    `memory_gib` and `accelerator_memory_gib` are GiB per instance, `local_nvme_gb` GB of local
    disk, `network_gbps` Gbit/s (a burst where EC2 says "up to"), and
    `on_demand_usd_per_hour` USD per instance and hour, or None where no price is known.
    """

    name: str
    vcpus: int
    memory_gib: float
    accelerators: int
    accelerator_name: str
    accelerator_memory_gib: float
    local_nvme_gb: float
    efa_supported: bool
    network_gbps: float
    on_demand_usd_per_hour: float | None

    @property
    def has_local_storage(self) -> bool:
        """Whether training data is on local NVMe. The service then refuses a key for volumes."""
        return self.local_nvme_gb > 0


def family_of(instance_type: str) -> str:
    """The part of an instance type between `ml.` and the last dot, for which quotas are given.

    >>> family_of("ml.c7i-flex.2xlarge")
    'c7i-flex'
    """
    return instance_type.removeprefix("ml.").rpartition(".")[0]


@cache
def training_instance_types() -> Mapping[str, InstanceType]:
    """The whole table, by instance type."""
    with _TABLE.open(newline="", encoding="utf-8") as table:
        return {row["instance_type"]: _parse(row) for row in csv.DictReader(table)}


def similar_types(instance_type: str) -> list[str]:
    """Up to three listed types whose names are closest to a name that is not listed."""
    return difflib.get_close_matches(instance_type, training_instance_types(), n=3, cutoff=0.6)


def family_prices(instance_types: Iterable[str]) -> dict[str, float]:
    """The known prices of all types of these types' families, in USD per instance and hour."""
    families = {family_of(each) for each in instance_types}
    return {
        name: each.on_demand_usd_per_hour
        for name, each in training_instance_types().items()
        if family_of(name) in families and each.on_demand_usd_per_hour is not None
    }


def _parse(row: Mapping[str, str]) -> InstanceType:
    price = row["on_demand_usd_per_hour"]
    return InstanceType(
        name=row["instance_type"],
        vcpus=int(row["vcpus"] or 0),
        memory_gib=float(row["memory_gib"] or 0),
        accelerators=int(row["accelerators"] or 0),
        accelerator_name=row["accelerator_name"],
        accelerator_memory_gib=float(row["accelerator_memory_gib"] or 0),
        local_nvme_gb=float(row["local_nvme_gb"] or 0),
        efa_supported=row["efa_supported"] == "true",
        network_gbps=float(row["network_gbps"] or 0),
        on_demand_usd_per_hour=float(price) if price else None,
    )
