"""What a run has cost, and what was to be expected before its launch. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from components.training_job.forecast.job_plan import JobPlan
from components.training_job.forecast.model import Forecast
from components.training_job.forecast.rates import (
    Rates,
    rates_of,
    training_seconds,
    trial_seconds,
)
from components.training_job.forecast.trial_model import Trials
from components.training_job.reader.run_attempts import Attempt
from components.training_job.request.cost import (
    Cost,
    billed_cost,
    cost_ceiling,
    expected_cost,
    total_of,
    tuning_ceiling,
)
from components.training_job.request.job_tags import LINEAGE_TAG, RECURRING_TAG
from components.training_job.run.job_state import instances_in
from components.training_job.run_report.quantities import counted, share, time_taken
from components.training_job.tuning.trials import Trial, cost_of

Description = Mapping[str, Any]

_HOUR = timedelta(hours=1).total_seconds()


@dataclass(frozen=True)
class Foreseen:
    """What was to be expected of a run before its launch."""

    forecast: Forecast
    plan: JobPlan
    rates: Rates
    """By the jobs of the stack that had ended before the launch."""
    is_measured: bool
    """Whether the time of training is that of an earlier run, and not `expectedRuntime`."""


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
    """What the jobs of a run have cost together."""

    billed: Cost
    on_demand: Cost
    """What the same training costs on demand."""
    bars: Sequence[Bar]

    @property
    def saved_percent(self) -> float | None:
        """What managed spot saved, in percent of the cost on demand; None where that is unknown."""
        if isinstance(self.billed, str) or isinstance(self.on_demand, str) or not self.on_demand:
            return None
        return 100 * (1 - self.billed / self.on_demand)


def foreseen_of(
    request: Description,
    tags: Mapping[str, str],
    record: Description,
    earlier: Iterable[Description],
    trials: Trials | None = None,
) -> Foreseen | None:
    """The forecast that a run had before its launch; None where no one knew how long it trains.

    Args:
        request: the first job of the run, or the request of a trial.
        tags: the job's tags.
        record: its `run.json`, which has its `expectedRuntime`.
        earlier: the stack's jobs that had ended before.
        trials: how it is tuned; None for a training job.
    """
    known = list(earlier)
    expected = record.get("expected_seconds")
    tag = RECURRING_TAG if RECURRING_TAG in tags else LINEAGE_TAG
    seen = trial_seconds if trials else training_seconds
    seconds = expected or seen(known, tags.get(tag, ""), tag)
    if not seconds:
        return None
    resources, limits = request["ResourceConfig"], request["StoppingCondition"]
    price = billed_cost(resources, _HOUR)
    plan = JobPlan(
        seconds=float(seconds),
        instances=instances_in(resources)["instance_count"],
        usd_per_hour=None if isinstance(price, str) else price,
        is_spot=_is_spot(request),
        keeps_checkpoints="CheckpointConfig" in request,
        max_wait=limits.get("MaxWaitTimeInSeconds", math.inf),
        max_runtime=limits.get("MaxRuntimeInSeconds", math.inf),
        trials=trials,
    )
    rates = rates_of(known)
    return Foreseen(plan.forecast(rates), plan, rates, is_measured=not expected)


def spending_of(attempts: Sequence[Attempt], foreseen: Foreseen | None = None) -> Spending:
    """What some attempts have cost, beside what was to be expected."""
    requests = [each.description for each in attempts]
    ceilings = [cost_ceiling([each], 1) for each in requests]
    return _spending(
        billed=total_of(each.progress["cost_usd"] for each in attempts),
        on_demand=total_of(
            billed_cost(each.description["ResourceConfig"], each.progress["training_seconds"])
            for each in attempts
        ),
        expected=total_of(
            expected_cost(ceiling, _is_spot(each))
            for ceiling, each in zip(ceilings, requests, strict=True)
        ),
        ceiling=total_of(ceilings),
        foreseen=foreseen,
        whose="if each attempt takes all its time, usual discount",
    )


def spending_of_trials(
    trials: Iterable[Trial],
    request: Description,
    tuning: Description,
    foreseen: Foreseen | None = None,
) -> Spending:
    """What trials have cost, beside what was to be expected.

    `request` is that of a trial, `tuning` the HyperParameterTuningJobConfig.
    """
    made = list(trials)
    ceiling = tuning_ceiling(request, tuning, 1)
    return _spending(
        billed=cost_of(made),
        on_demand=total_of(billed_cost(request["ResourceConfig"], each.seconds) for each in made),
        expected=expected_cost(ceiling, _is_spot(request)),
        ceiling=ceiling,
        foreseen=foreseen,
        whose="if all trials are made and take all their time, usual discount",
    )


def _spending(
    *,
    billed: Cost,
    on_demand: Cost,
    expected: Cost,
    ceiling: Cost,
    foreseen: Foreseen | None,
    whose: str,
) -> Spending:
    bars = [
        Bar("billed", billed, billed, "what SageMaker counts, at list prices", is_actual=True),
        Bar("on demand", on_demand, on_demand, "the same seconds of training without spot"),
        *_foreseen_bar(foreseen),
        Bar("expected", expected, expected, whose),
        Bar("ceiling", ceiling, ceiling, "the most that these can cost"),
    ]
    return Spending(billed, on_demand, bars)


def _foreseen_bar(foreseen: Foreseen | None) -> list[Bar]:
    cost = foreseen.forecast.cost if foreseen else None
    if cost is None:
        return []
    note = "from before the launch: half of all runs, and 9 of 10"
    return [Bar("forecast", cost.at(50), cost.at(90), note)]


def foresight(foreseen: Foreseen | None, took: float, *, is_tuned: bool) -> dict[str, str]:
    """What the forecast from before the launch said, beside what it took, by what it is about.

    `took` is in seconds.
    """
    if foreseen is None:
        what = "each trial" if is_tuned else "the job"
        return {
            "made from": f"nothing: how long {what} would train was not known. Set "
            "`expectedRuntime`, as in 8h; later runs know it from earlier ones"
        }
    forecast, finish = foreseen.forecast, foreseen.forecast.finish
    within = share(forecast.share_of_trials if is_tuned else forecast.chance)
    return {
        "made from": _source(foreseen),
        "training": _work(foreseen),
        "end": f"within {time_taken(finish.at(50))} in half of all runs, "
        f"{time_taken(finish.at(90))} in 9 of 10; this one took {time_taken(took)}",
        "limits of time": f"{within} of {'trials' if is_tuned else 'runs'} end within them",
    }


def _source(foreseen: Foreseen) -> str:
    """Which jobs the rates are from."""
    rates = foreseen.rates
    rate = f"{rates.per_instance_hour:.2f} interruptions per instance-hour"
    if not foreseen.plan.is_spot:
        return "no rates: on demand, a job is not interrupted"
    if not rates.runs:
        return f"assumed rates, as no earlier run on spot had ended: {rate}"
    return (
        f"{counted(rates.runs, 'earlier run')} on spot, with "
        f"{counted(rates.interruptions, 'interruption')} in {rates.instance_hours:.0f} "
        f"instance-hours, and what is assumed before any: {rate}"
    )


def _work(foreseen: Foreseen) -> str:
    """What was to be done, and how that was known."""
    plan = foreseen.plan
    seconds = time_taken(plan.seconds)
    if plan.trials is None:
        known = "the last completed run trained" if foreseen.is_measured else "expectedRuntime says"
        return f"{seconds}, as {known}"
    known = "earlier trials trained" if foreseen.is_measured else "expectedRuntime says"
    number = f"{foreseen.forecast.times:.0f} trials"
    return f"{number} of {seconds} each, {plan.trials.parallel} at once, as {known}"


def _is_spot(request: Description) -> bool:
    return bool(request.get("EnableManagedSpotTraining"))
