"""What the jobs of a preview may cost at most, by the pack's own prices, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from run_forecast.rates import ASSUMED_SPOT_SHARE
from training_policies.policy import Parameters
from training_policies.quotas import measures
from training_policies.quotas.owner import quota_for
from training_policies.quotas.quota import Scope
from training_policies.resource import MISSING, UNKNOWN, Absence
from training_policies.training_job import TrainingJobView
from training_policies.tuning import Tuning

EVERYTHING = Scope("all")


@dataclass(frozen=True)
class TrialsCost:
    """The trials of a tuning job, and their cost in USD; None for a number that is not known.

    `expected` is what they are likely to cost if all are made and take all their time; `longest` is
    the time of all trials together, in seconds, None also where there is no limit.
    """

    trials: float | None
    allowed: float | None
    at_once: float | None
    longest: float | None
    expected: float | None


@dataclass(frozen=True)
class JobCost:
    """A job, what it runs on, and its cost ceiling in USD; None where it is not known.

    `prepaid` says that each of its attempts runs on a training plan, `recurring` that the ceiling
    is that of one run of several. `trials` are those of a tuning job, None for any other.
    """

    name: str
    capacity: str
    seconds: float | None
    ceiling: float | None
    allowed: float | None
    launches: bool
    prepaid: bool
    recurring: bool
    trials: TrialsCost | None


@dataclass(frozen=True)
class StackCost:
    """The jobs of a stack, and the ceiling of all of them in USD; None where one is not known."""

    jobs: Sequence[JobCost]
    ceiling: float | None
    allowed: float | None


def stack_cost(jobs: Sequence[TrainingJobView], parameters: Parameters) -> StackCost:
    """The cost ceilings of these jobs; `parameters` are any policy's, for their quotas and prices.

    Jobs count whether they are launched or not, so that the cost is seen before the switch is on.
    """
    costs = [_job_cost(each, parameters) for each in sorted(jobs, key=lambda job: job.name)]
    return StackCost(
        jobs=costs,
        ceiling=_sum(each.ceiling for each in costs),
        allowed=_limit(jobs[0], parameters, "costPerStackUsd") if jobs else None,
    )


def _job_cost(job: TrainingJobView, parameters: Parameters) -> JobCost:
    ceiling = measures.cost(job, EVERYTHING, parameters.prices)
    return JobCost(
        name=job.name,
        capacity=", or ".join(dict.fromkeys(map(_capacity, job.variants))),
        seconds=measures.runtime(job, EVERYTHING, parameters.prices),
        ceiling=ceiling,
        allowed=_limit(job, parameters, "costPerJobUsd"),
        launches=job.resource.read("launch") in (True, MISSING, UNKNOWN),
        prepaid=all(each.is_prepaid for each in job.variants),
        recurring=job.resource.read("recurring") is not MISSING,
        trials=_trials_cost(job, job.tuning, ceiling, parameters) if job.tuning else None,
    )


def _trials_cost(
    job: TrainingJobView, tuning: Tuning, ceiling: float | None, parameters: Parameters
) -> TrialsCost:
    share = ASSUMED_SPOT_SHARE if all(each.spot is True for each in job.variants) else 1
    longest = tuning.max_runtime
    return TrialsCost(
        trials=measures.trials(job, EVERYTHING, parameters.prices),
        allowed=_limit(job, parameters, "maxTrials"),
        at_once=measures.jobs(job, EVERYTHING, parameters.prices),
        longest=longest if isinstance(longest, int) else None,
        expected=None if ceiling is None else ceiling * share,
    )


def _capacity(variant: TrainingJobView) -> str:
    groups = " + ".join(f"{_text(each.count)} × {_text(each.instance_type)}"
                        for each in variant.groups)  # fmt: skip
    if variant.tuning:
        groups = f"{_text(variant.at_once)} trials of {groups}"
    if variant.is_prepaid:
        return f"{groups}, on a training plan"
    return f"{groups}, {'on demand' if variant.spot in (False, MISSING) else 'spot'}"


def _text(value: object) -> str:
    return "?" if isinstance(value, Absence) else str(value)


def _limit(job: TrainingJobView, parameters: Parameters, key: str) -> float | None:
    quota = quota_for(job, parameters)
    limit = quota.table.get("all", {}).get(key) if quota else None
    return float(limit) if limit is not None else None


def _sum(ceilings: Iterable[float | None]) -> float | None:
    known = list(ceilings)
    total = sum(each for each in known if each is not None)
    return None if None in known else total
