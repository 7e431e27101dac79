"""What a lineage has cost, and what was to be expected. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from components.training_job.forecast.model import Capacity, Forecast, Work, best_interval, forecast
from components.training_job.forecast.rates import ASSUMED
from components.training_job.reader.run_attempts import Attempt
from components.training_job.request.cost import (
    Cost,
    billed_cost,
    cost_ceiling,
    expected_cost,
    total_of,
)

ASSUMED_SAVE_SECONDS = 30.0
"""How long a checkpoint stops the training, as the forecast before the launch assumes."""
_HOUR = timedelta(hours=1).total_seconds()


@dataclass(frozen=True)
class Bar:
    """An amount in USD beside others: exactly `low`, or from `low` to `high`."""

    name: str
    low: Cost
    high: Cost
    note: str
    is_actual: bool = False
    """Whether it is what was billed, and not what was to be expected."""


@dataclass(frozen=True)
class Spending:
    """What the attempts of a lineage have cost together."""

    billed: Cost
    on_demand: Cost
    """What the same training costs on demand."""
    bars: Sequence[Bar]
    forecast: Forecast | None
    """Of as much training, in one run; None where nothing was trained."""

    @property
    def saved_percent(self) -> float | None:
        """What managed spot saved, in percent of the cost on demand; None where that is unknown."""
        if isinstance(self.billed, str) or isinstance(self.on_demand, str) or not self.on_demand:
            return None
        return 100 * (1 - self.billed / self.on_demand)


def spending_of(attempts: Sequence[Attempt]) -> Spending:
    """What some attempts have cost, beside what the service's records let expect."""
    billed = total_of(each.progress["cost_usd"] for each in attempts)
    on_demand = total_of(
        billed_cost(each.description["ResourceConfig"], each.progress["training_seconds"])
        for each in attempts
    )
    ceilings = [cost_ceiling([each.description], 1) for each in attempts]
    expected = total_of(
        expected_cost(ceiling, _is_spot(each))
        for ceiling, each in zip(ceilings, attempts, strict=True)
    )
    foreseen = _forecast(attempts)
    bars = [
        Bar("billed", billed, billed, "what SageMaker counts, at list prices", is_actual=True),
        Bar("on demand", on_demand, on_demand, "the same seconds of training without spot"),
        *_foreseen_bar(foreseen),
        Bar("expected", expected, expected, "if each attempt takes all its time, usual discount"),
        Bar("ceiling", total_of(ceilings), total_of(ceilings), "the most that these can cost"),
    ]
    return Spending(billed, on_demand, bars, foreseen)


def _foreseen_bar(foreseen: Forecast | None) -> list[Bar]:
    if foreseen is None or foreseen.cost is None:
        return []
    low, high = foreseen.cost.at(50), foreseen.cost.at(90)
    note = "as much training in one run: half of all runs, and 9 of 10; assumed interruptions"
    return [Bar("forecast", low, high, note)]


def _forecast(attempts: Sequence[Attempt]) -> Forecast | None:
    """The forecast for as much training as there was, by what is assumed before any record."""
    seconds = sum(each.progress["training_seconds"] for each in attempts)
    if not seconds:
        return None
    newest = attempts[-1]
    is_spot, count = _is_spot(newest), newest.progress["instance_count"]
    price = billed_cost(newest.description["ResourceConfig"], _HOUR)
    capacity = Capacity(
        interruptions_per_hour=ASSUMED.per_instance_hour * count if is_spot else 0.0,
        restart=ASSUMED.restart,
        wait=ASSUMED.wait,
        usd_per_hour=(
            None if isinstance(price, str) else price * (ASSUMED.spot_share if is_spot else 1)
        ),
    )
    return forecast(_work(newest.description, float(seconds), capacity), capacity)


def _work(description: Mapping[str, Any], seconds: float, capacity: Capacity) -> Work:
    if "CheckpointConfig" not in description:
        return Work(seconds, 0, 0)
    interval = best_interval(ASSUMED_SAVE_SECONDS, capacity.between)
    return Work(seconds, ASSUMED_SAVE_SECONDS, seconds if math.isinf(interval) else interval)


def _is_spot(attempt: Attempt) -> bool:
    return bool(attempt.description.get("EnableManagedSpotTraining"))
