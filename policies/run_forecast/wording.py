"""Forecasts in words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from run_forecast.job_forecasts import JobForecast
from run_forecast.job_plan import ASSUMED_SAVE_SECONDS
from run_forecast.trial_model import Trials

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TEN_YEARS = 3650 * _DAY


def forecast_lines(forecast: JobForecast) -> Iterator[str]:
    """The forecast of one job, a fact a line."""
    planned, rates, trials = forecast.planned, forecast.rates, forecast.plan.trials
    yield f"{forecast.name}: {_work(forecast)}"
    finish = planned.finish
    yield (
        f"  ends after     {duration(finish.at(50))} in half of all runs, "
        f"{duration(finish.at(90))} in 9 of 10, {duration(finish.at(99))} in 99 of 100; "
        f"{duration(finish.mean)} on average"
    )
    capacity = planned.capacity
    yield (
        f"  each start     {duration(capacity.wait)} of waiting for instances and "
        f"{duration(capacity.restart)} until the script runs, on average"
    )
    yield f"  within limits  {within_limits(forecast)}: {_limits(forecast)}"
    if (cost := planned.cost) is not None:
        yield (
            f"  costs          {usd(cost.at(50))} in half of all runs, {usd(cost.at(90))} in 9 of "
            f"10, {usd(cost.at(99))} in 99 of 100; {usd(cost.mean)} on average"
        )
    if trials:
        yield "  early stops    are not in it: they make it shorter and cheaper"
    if forecast.on_demand is None:
        return
    yield f"  interruptions  {planned.interruptions:.1f} on average; {rates.source}"
    if planned.work.interval and forecast.best_interval >= planned.work.seconds:
        yield (
            "  checkpoints    none before the end: the training is shorter than the interval that "
            f"loses the least time, {duration(forecast.best_interval)}"
        )
    elif planned.work.interval:
        yield (
            f"  checkpoints    one every {duration(forecast.best_interval)} of training loses the "
            f"least time, if a save takes {duration(ASSUMED_SAVE_SECONDS)}"
        )
    else:
        yield "  checkpoints    none: each interruption loses all the work"
    yield from _on_demand(forecast)


def _work(forecast: JobForecast) -> str:
    """What is to be done, and how that is known."""
    seconds, trials = duration(forecast.planned.work.seconds), forecast.plan.trials
    if trials is None:
        says = "its last completed run trained" if forecast.is_measured else "expectedRuntime says"
        return f"{seconds} of training, as {says}"
    says = "earlier trials trained" if forecast.is_measured else "expectedRuntime says"
    return f"{_number_of(trials, forecast)} of {seconds} of training each, as {says}"


def _number_of(trials: Trials, forecast: JobForecast) -> str:
    if trials.number is not None:
        return f"{trials.number} trials, {trials.parallel} at once,"
    number = f"about {forecast.planned.times:.0f} trials in {duration(trials.max_runtime)}"
    return f"{number}, {trials.parallel} at once,"


def within_limits(forecast: JobForecast) -> str:
    """The share of runs that end within the limits; of a tuning job, also that of its trials."""
    planned, trials = forecast.planned, forecast.plan.trials
    if trials is None:
        return f"{percent(planned.chance)} of runs"
    of_trials = f"{percent(planned.share_of_trials)} of trials"
    if trials.number is None:
        return of_trials
    return f"{of_trials}, and all of them in {percent(planned.chance)} of runs"


def _on_demand(forecast: JobForecast) -> Iterator[str]:
    on_demand, limit = forecast.on_demand, forecast.dearer_than_on_demand
    if on_demand is None or on_demand.cost is None or limit is None:
        return
    now = forecast.planned.capacity.interruptions_per_hour
    yield (
        f"  on demand      {duration(on_demand.finish.at(50))}, {usd(on_demand.cost.at(50))}: "
        f"cheaper from {limit:.1f} interruptions an hour on, of all instances together; expected "
        f"are {now:.2f}"
    )


def _limits(forecast: JobForecast) -> str:
    plan = forecast.plan
    runtime = f"maxRuntime {duration(plan.max_runtime)}"
    wait = "" if math.isinf(plan.max_wait) else f", maxWait {duration(plan.max_wait)}"
    if plan.trials is None:
        return runtime + wait
    longest = plan.trials.max_runtime
    of_all = "" if math.isinf(longest) else f"; all of them {duration(longest)}"
    return f"of each trial {runtime}{wait}{of_all}"


def costs(forecast: JobForecast) -> str:
    """The cost of half of all runs, and of 9 of 10."""
    cost = forecast.planned.cost
    if cost is None:
        return "prepaid" if forecast.is_prepaid else "unknown"
    return f"{usd(cost.at(50))} / {usd(cost.at(90))}"


def duration(seconds: float) -> str:
    """A time in the largest unit that it has one of, with one decimal below ten: 2.5 h.

    >>> duration(9000)
    '2.5 h'
    """
    if math.isinf(seconds):
        return "no limit"
    if seconds > _TEN_YEARS:
        return "more than 10 years"
    for size, unit in ((2 * _DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            number = seconds / (_DAY if unit == "days" else size)
            return f"{number:.1f} {unit}" if number < 10 else f"{number:,.0f} {unit}"
    return f"{seconds:.0f} s"


def usd(amount: float) -> str:
    """An amount in USD: in whole dollars from a thousand on, below one with four decimals.

    >>> usd(1234.5), usd(12.345), usd(0.00048)
    ('1,234 USD', '12.35 USD', '0.0005 USD')
    """
    decimals = 0 if amount >= 1000 else 2 if amount >= 1 else 4
    return f"{amount:,.{decimals}f} USD"


def percent(share: float) -> str:
    """A share in percent; neither 0 nor 100 % unless it is exactly that of all simulated runs.

    >>> percent(0.9996), percent(1.0)
    ('99.9 %', 'more than 99.9 %')
    """
    if share in (0, 1):
        return "more than 99.9 %" if share else "less than 0.1 %"
    return f"{min(max(100 * share, 0.1), 99.9):.1f} %"
