"""What an instance costs by the hour, as the organisation's configuration and price file say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from training_policies.instances import instance_types


@dataclass(frozen=True)
class Prices:
    """Prices in USD per instance and hour.

    `own` has the organisation's own prices, which come before those of the price file. A type
    without a price in either is refused, or allowed without a cost, as `unknown` says.
    """

    own: Mapping[str, float] = field(default_factory=dict)
    unknown: Literal["refuse", "allow"] = "refuse"

    def usd_per_hour(self, instance_type: str) -> float | None:
        """The price, or None where nobody knows it and that is refused."""
        if instance_type in self.own:
            return self.own[instance_type]
        listed = instance_types().get(instance_type)
        if listed is not None and listed.usd_per_hour is not None:
            return listed.usd_per_hour
        return 0.0 if self.unknown == "allow" else None
