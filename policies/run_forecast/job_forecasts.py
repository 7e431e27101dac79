"""The forecast of each job of a preview. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from run_forecast.model import Capacity, Forecast, Work, best_interval, dearer_than, forecast
from run_forecast.rates import ASSUMED, Description, Rates, rates_of, training_seconds
from training_policies.instances import Prices
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView

LINEAGE_TAG = "sagemaker-training:lineage"
RECURRING_TAG = "sagemaker-training:recurring"

ASSUMED_SAVE_SECONDS = 30.0
"""How long a checkpoint stops the training; nothing of a job says it before it runs."""


@dataclass(frozen=True)
class JobForecast:
    """What is to be expected of one job."""

    name: str
    is_measured: bool
    """Whether its runtime is that of an earlier run, and not the setting `expectedRuntime`."""
    is_prepaid: bool
    """Whether it runs on a training plan, which is paid for already."""
    rates: Rates
    max_wait: float
    """Seconds of waiting and running together; infinite on demand."""
    max_runtime: float
    """Seconds of training."""
    planned: Forecast
    """On the job's own capacity."""
    on_demand: Forecast | None
    """The same on demand, for a job on spot; None for any other."""

    @property
    def best_interval(self) -> float:
        """Seconds of training between checkpoints that lose the least time; infinite on demand."""
        return best_interval(ASSUMED_SAVE_SECONDS, self.planned.capacity.between)

    @property
    def dearer_than_on_demand(self) -> float | None:
        """The interruptions an hour from which spot costs more; None where no price is known."""
        if self.on_demand is None or self.on_demand.cost is None:
            return None
        planned = self.planned
        return dearer_than(planned.work, planned.capacity, self.on_demand.cost.mean)


def job_forecasts(
    jobs: Iterable[TrainingJobView], prices: Prices, records: Sequence[Description]
) -> list[JobForecast]:
    """The forecasts of those jobs whose runtime is known, by the setting or an earlier run.

    A tuning job has none: how many of its trials end early is not known.

    `records` describes the stack's jobs of the past; without any, the rates are assumed.
    """
    rates = rates_of(records) if records else ASSUMED
    found = (_job_forecast(job, prices, records, rates) for job in jobs)
    return sorted((each for each in found if each), key=lambda each: each.name)


def _job_forecast(
    job: TrainingJobView, prices: Prices, records: Sequence[Description], rates: Rates
) -> JobForecast | None:
    expected = _number(job.resource.read("expected_seconds"))
    tag = RECURRING_TAG if _recurring(job) else LINEAGE_TAG
    seconds = expected or training_seconds(records, _recurring(job) or _lineage(job), tag)
    count = _instances(job)
    if job.tuning or seconds is None or count is None or job.spot not in (True, False, MISSING):
        return None
    on_demand = Capacity(0, rates.restart, rates.wait, _price(job, prices))
    capacity = _on_spot(on_demand, count, rates) if job.spot is True else on_demand
    limits = _limit(job.max_wait), _limit(job.max_runtime)
    work = _work(job, seconds, capacity)
    return JobForecast(
        name=job.name,
        is_measured=expected is None,
        is_prepaid=job.is_prepaid,
        rates=rates,
        max_wait=limits[0],
        max_runtime=limits[1],
        planned=forecast(work, capacity, *limits),
        on_demand=forecast(work, on_demand, math.inf, limits[1]) if job.spot is True else None,
    )


def lineages(job: TrainingJobView) -> tuple[str, str]:
    """The lineage of a job, and what those of all its runs begin with, "" without runs."""
    return _lineage(job), _recurring(job)


def _recurring(job: TrainingJobView) -> str:
    """What the lineages of all runs of a recurring job begin with; "" for any other job.

    A new run's own lineage has no records, but earlier runs have.
    """
    return _text(job.resource.read("recurring"))


def _on_spot(on_demand: Capacity, count: int, rates: Rates) -> Capacity:
    price = on_demand.usd_per_hour
    return replace(
        on_demand,
        interruptions_per_hour=rates.per_instance_hour * count,
        usd_per_hour=None if price is None else price * rates.spot_share,
    )


def _work(job: TrainingJobView, seconds: float, capacity: Capacity) -> Work:
    """The work of a job that keeps checkpoints as often as is best."""
    if job.request.read("CheckpointConfig") is MISSING:
        return Work(seconds, 0, 0)
    interval = best_interval(ASSUMED_SAVE_SECONDS, capacity.between)
    return Work(seconds, ASSUMED_SAVE_SECONDS, min(interval, seconds))


def _instances(job: TrainingJobView) -> int | None:
    counts = [each.count for each in job.groups]
    return sum(counts) if all(isinstance(each, int) for each in counts) else None  # type: ignore[arg-type]


def _price(job: TrainingJobView, prices: Prices) -> float | None:
    """USD an hour for all instances on demand; None where a price is not known, or is prepaid."""
    if job.is_prepaid:
        return None
    total = 0.0
    for group in job.groups:
        price = prices.usd_per_hour(str(group.instance_type))
        if price is None or not isinstance(group.count, int):
            return None
        total += price * group.count
    return total


def _lineage(job: TrainingJobView) -> str:
    return _text(job.resource.read("lineage"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _limit(value: Any) -> float:
    return _number(value) or math.inf


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value > 0 else None
