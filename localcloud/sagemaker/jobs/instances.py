"""The hardware and prices of the instance types of training jobs.

The table is the program's, `components/instances.csv`. It has a row for each value of the service
model's `TrainingInstanceType`. Prices are on-demand USD per instance and hour in us-east-1; an
unknown one is empty.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).parents[3] / "components" / "instances.csv"
_HISTORICAL = "C"
"""The mark of prices that AWS's price list no longer has."""


@dataclass(frozen=True)
class InstanceType:
    """One row of the table."""

    name: str
    vcpus: int
    """0 if it is not known."""
    memory_gib: float
    """GiB per instance; 0 if it is not known."""
    accelerators: int
    has_local_storage: bool
    """Whether its data are on local NVMe disks, in place of a volume."""
    listed_price: str
    """USD per instance and hour in AWS's price list; empty if it has none."""
    price_date: str
    """When the price was read."""

    @property
    def family(self) -> str:
        """The part of the name between `ml.` and the last dot."""
        return self.name.removeprefix("ml.").rpartition(".")[0]


@cache
def instance_types() -> Mapping[str, InstanceType]:
    """The whole table, by name."""
    with _TABLE.open(newline="", encoding="utf-8") as table:
        return {row["instance_type"]: _parse(row) for row in csv.DictReader(table)}


def _parse(row: Mapping[str, str]) -> InstanceType:
    historical = row["price_grade"] == _HISTORICAL
    return InstanceType(
        name=row["instance_type"],
        vcpus=int(row["vcpus"] or 0),
        memory_gib=float(row["memory_gib"] or 0),
        accelerators=int(row["accelerators"] or 0),
        has_local_storage=float(row["local_nvme_gb"] or 0) > 0,
        listed_price="" if historical else row["on_demand_usd_per_hour"],
        price_date=row["price_date"],
    )


def instance_groups(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The instance groups of a request, each with InstanceType and InstanceCount.

    A request without groups has one, without a name. Of one with preferences these are the
    preferences, and later what was selected of them.
    """
    resources = request["ResourceConfig"]
    if "SelectedInstanceType" in resources:
        count = resources["SelectedInstanceCount"]
        return [{"InstanceType": resources["SelectedInstanceType"], "InstanceCount": count}]
    if preferences := resources.get("InstancePreferences"):
        count = {name: resources[name] for name in ("InstanceCount",) if name in resources}
        return [count | each for each in preferences]
    groups: list[dict[str, Any]] = resources.get("InstanceGroups") or [resources]
    return groups
