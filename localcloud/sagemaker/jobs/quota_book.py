"""How many training instances of each type an account may use at once in a region."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from localcloud.sagemaker.jobs.instances import instance_types

Kind = Literal["training job", "spot training job", "training warm pool"]
"""The use of instances; the service counts each use separately."""
Place = tuple[str, str]
"""An account and a region."""

# AWS gives each account its own, and often 0. Here the examples run without an increase.
DEFAULTS: Mapping[Kind, int] = {
    "training job": 100,
    "spot training job": 100,
    # As on AWS: without an increase there are no warm pools.
    "training warm pool": 0,
}


@dataclass(frozen=True)
class Quota:
    """The quota of an instance type for one kind of use."""

    instance_type: str
    kind: Kind

    @property
    def name(self) -> str:
        """Its name in Service Quotas."""
        return f"{self.instance_type} for {self.kind} usage"

    @property
    def code(self) -> str:
        """A code in AWS's format. AWS's own can't be derived: look a quota up by its name."""
        return f"L-{hashlib.sha256(self.name.encode()).hexdigest()[:8].upper()}"

    @property
    def default(self) -> int:
        """The number of instances for an account without an increase."""
        return DEFAULTS[self.kind]


@cache
def quotas() -> Mapping[str, Quota]:
    """Every quota by its code, in the order of their names."""
    every = [Quota(name, kind) for name in instance_types() for kind in get_args(Kind)]
    return {quota.code: quota for quota in sorted(every, key=lambda quota: quota.name)}


class QuotaBook:
    """The quotas that differ from the default ones, by account and region."""

    def __init__(self) -> None:
        self._applied: dict[tuple[Place, Quota], float] = {}
        self._lock = threading.Lock()

    def value(self, place: Place, quota: Quota) -> float:
        """The number of instances that may be used."""
        with self._lock:
            return self._applied.get((place, quota), quota.default)

    def apply(self, place: Place, quota: Quota, value: float) -> None:
        """Sets the number of instances that may be used."""
        with self._lock:
            self._applied[place, quota] = value

    def state(self) -> list[tuple[Place, tuple[str, Kind], float]]:
        """The quotas as documents."""
        with self._lock:
            return [
                (place, (quota.instance_type, quota.kind), value)
                for (place, quota), value in self._applied.items()
            ]

    def restore(self, state: list[tuple[Place, tuple[str, Kind], float]]) -> None:
        """Takes back what `state` returned in an earlier server."""
        for (account, region), (instance_type, kind), value in state:
            self.apply((account, region), Quota(instance_type, kind), value)

    def forget(self) -> None:
        """Goes back to the default quotas everywhere."""
        with self._lock:
            self._applied.clear()
