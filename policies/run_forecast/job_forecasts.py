"""The forecast of each job of a preview. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from run_forecast.job_plan import ASSUMED_SAVE_SECONDS, JobPlan
from run_forecast.model import Forecast, best_interval, dearer_than
from run_forecast.rates import (
    ASSUMED,
    Description,
    Rates,
    rates_of,
    training_seconds,
    trial_seconds,
)
from run_forecast.trial_model import Trials
from training_policies.instances import Prices
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView
from training_policies.tuning import Tuning

LINEAGE_TAG = "sagemaker-training:lineage"
RECURRING_TAG = "sagemaker-training:recurring"


@dataclass(frozen=True)
class JobForecast:
    """What is to be expected of one job."""

    name: str
    is_measured: bool
    """Whether its runtime is that of an earlier run, and not the setting `expectedRuntime`."""
    is_prepaid: bool
    """Whether it runs on a training plan, which is paid for already."""
    rates: Rates
    plan: JobPlan
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
        of_one = self.on_demand.cost.mean / self.on_demand.times
        return dearer_than(planned.work, planned.capacity, of_one)


def job_forecasts(
    jobs: Iterable[TrainingJobView], prices: Prices, records: Sequence[Description]
) -> list[JobForecast]:
    """The forecasts of those jobs whose runtime is known, by the setting or an earlier run.

    `records` describes the stack's jobs of the past; without any, the rates are assumed.
    """
    rates = rates_of(records) if records else ASSUMED
    found = (_job_forecast(job, prices, records, rates) for job in jobs)
    return sorted((each for each in found if each), key=lambda each: each.name)


def _job_forecast(
    job: TrainingJobView, prices: Prices, records: Sequence[Description], rates: Rates
) -> JobForecast | None:
    expected = _number(job.resource.read("expected_seconds"))
    seconds = expected or _seen(job, records)
    count = _instances(job)
    trials = _trials(job.tuning) if job.tuning else None
    if seconds is None or count is None or job.spot not in (True, False, MISSING):
        return None
    if job.tuning and trials is None:
        return None
    plan = JobPlan(
        seconds=seconds,
        instances=count,
        usd_per_hour=_price(job, prices),
        is_spot=job.spot is True,
        keeps_checkpoints=job.request.read("CheckpointConfig") is not MISSING,
        max_wait=_limit(job.max_wait),
        max_runtime=_limit(job.max_runtime),
        trials=trials,
    )
    return JobForecast(
        name=job.name,
        is_measured=expected is None,
        is_prepaid=job.is_prepaid,
        rates=rates,
        plan=plan,
        planned=plan.forecast(rates),
        on_demand=plan.on_demand(rates),
    )


def _seen(job: TrainingJobView, records: Sequence[Description]) -> float | None:
    """How long the job, or each of its trials, trained before; None where that is not known."""
    tag = RECURRING_TAG if _recurring(job) else LINEAGE_TAG
    seconds = trial_seconds if job.tuning else training_seconds
    return seconds(records, _recurring(job) or _lineage(job), tag)


def _trials(tuning: Tuning) -> Trials | None:
    """How the trials are made; None where neither their number nor their time is known."""
    number, longest = _number(tuning.trials), _limit(tuning.max_runtime)
    parallel = _number(tuning.parallel)
    if parallel is None or (number is None and math.isinf(longest)):
        return None
    return Trials(None if number is None else int(number), int(parallel), longest)


def lineages(job: TrainingJobView) -> tuple[str, str]:
    """The lineage of a job, and what those of all its runs begin with, "" without runs."""
    return _lineage(job), _recurring(job)


def _recurring(job: TrainingJobView) -> str:
    """What the lineages of all runs of a recurring job begin with; "" for any other job.

    A new run's own lineage has no records, but earlier runs have.
    """
    return _text(job.resource.read("recurring"))


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
