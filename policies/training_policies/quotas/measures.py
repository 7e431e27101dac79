"""How much of something a job uses in the worst case, over its own capacity and each fallback's.

Each measure is None where anything that it needs is not known; nothing unknown counts as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from training_policies.instances import Prices, instance_types
from training_policies.quotas.quota import Scope
from training_policies.resource import MISSING
from training_policies.training_job import InstanceGroup, TrainingJobView
from training_policies.tuning import Tuning

Measure = Callable[[TrainingJobView, Scope, Prices], float | None]

OVERHEAD_SECONDS = 600
"""Seconds per instance and attempt that the service may bill beyond the maximum runtime, for
download, the grace period after a stop and the upload of artifacts."""

_SECONDS_PER_HOUR = 3600


def types_of(job: TrainingJobView) -> frozenset[str]:
    """Every known instance type that the job may run on."""
    groups = (group for variant in job.variants for group in _all_groups(variant))
    return frozenset(each.instance_type for each in groups if isinstance(each.instance_type, str))


def instances(job: TrainingJobView, scope: Scope, _: Prices) -> float | None:
    """The most instances that the job has at once."""
    return _worst(job, scope, lambda group: _count(group))


def accelerators(job: TrainingJobView, scope: Scope, _: Prices) -> float | None:
    """The most accelerators that the job has at once."""

    def of(group: InstanceGroup) -> float | None:
        listed = instance_types().get(str(group.instance_type))
        return _times(_count(group), listed.accelerators if listed else None)

    return _worst(job, scope, of)


def jobs(job: TrainingJobView, scope: Scope, _: Prices) -> float | None:
    """1 for a job with instances in the scope, else 0; of a tuning job, its parallel trials."""
    return _times(_is_in(job, scope), _at_once(job))


def trials(job: TrainingJobView, scope: Scope, _: Prices) -> float | None:
    """The most trials of a tuning job with instances in the scope; 0 for any other job."""
    return _times(_is_in(job, scope), _at_least_one(job.tuning.trials)) if job.tuning else 0


def on_demand(job: TrainingJobView, scope: Scope, _: Prices) -> float | None:
    """1 for a job that may run on demand, 0 for one that runs on spot or training plans only."""
    billed = [each for each in job.variants if not each.is_prepaid]
    asked = [each.spot for each in billed if _groups_in(each, scope)]
    if any(spot is False or spot is MISSING for spot in asked):
        return 1
    return 0 if all(spot is True for spot in asked) else None


def runtime(job: TrainingJobView, _: Scope, __: Prices) -> float | None:
    """The longest training time over all attempts, in seconds; of a tuning job, that of a trial."""
    longest = _largest(_number(variant.max_runtime) for variant in job.variants)
    return _times(longest, _number(job.attempts))


def wait(job: TrainingJobView, _: Scope, __: Prices) -> float | None:
    """The longest time for waiting and running on spot, in seconds; 0 on demand only."""
    return _largest(map(_wait, job.variants))


def cost(job: TrainingJobView, scope: Scope, prices: Prices) -> float | None:
    """The cost ceiling in USD: price × instances × the time allowed for all attempts.

    The maximum runtime and the overhead count for each attempt, a warm pool once. Spot never
    costs more than on-demand capacity, so the on-demand price is used for both. The instances of a
    training plan are paid for already, and count nothing. A tuning job is the sum of its trials.
    """

    def of(group: InstanceGroup) -> float | None:
        return _times(_count(group), prices.usd_per_hour(str(group.instance_type)))

    ceilings = (
        _times(total(map(of, _billed_groups(variant, scope))), _billed_hours(variant))
        for variant in job.variants
    )
    largest = _largest(ceilings)
    return None if largest is None else round(largest, 6)


def tuning_cost(job: TrainingJobView, scope: Scope, prices: Prices) -> float | None:
    """The cost ceiling of a tuning job in USD; 0 for any other job."""
    return cost(job, scope, prices) if job.tuning else 0


def _billed_hours(variant: TrainingJobView) -> float | None:
    kept = 0 if variant.keep_alive is MISSING else _number(variant.keep_alive)
    if variant.tuning is None:
        seconds = _plus(_times(_longest(variant.max_runtime), _number(variant.attempts)), kept)
    elif kept == 0:
        seconds = _times(_seconds_of_trials(variant, variant.tuning), _number(variant.attempts))
    else:  # how many trials leave instances behind at once is not known
        seconds = None
    return None if seconds is None else seconds / _SECONDS_PER_HOUR


def _seconds_of_trials(variant: TrainingJobView, tuning: Tuning) -> float | None:
    """The longest time of all trials of an attempt together, in seconds.

    Either all trials take their longest time, or as many as run at once take the tuning job's. With
    Autotune, both limits must be there: it may choose the other.
    """
    limits = (
        _times(_at_least_one(tuning.trials), _longest(variant.max_runtime)),
        _times(_at_least_one(tuning.parallel), _longest(tuning.max_runtime)),
    )
    known = [each for each in limits if each is not None]
    needed = len(limits) if tuning.is_automatic else 1
    return min(known) if len(known) >= needed else None


def _longest(max_runtime: Any) -> float | None:
    return _plus(_number(max_runtime), OVERHEAD_SECONDS)


def _wait(variant: TrainingJobView) -> float | None:
    is_on_demand = variant.spot is False or variant.spot is MISSING
    return 0 if is_on_demand and variant.max_wait is MISSING else _number(variant.max_wait)


def _worst(
    job: TrainingJobView, scope: Scope, of: Callable[[InstanceGroup], float | None]
) -> float | None:
    """The largest sum over the groups in the scope: of one attempt, and of its parallel trials."""
    of_one = _largest(total(map(of, _groups_in(variant, scope))) for variant in job.variants)
    return _times(of_one, _at_once(job))


def _at_once(job: TrainingJobView) -> float | None:
    return _at_least_one(job.at_once)


def _is_in(job: TrainingJobView, scope: Scope) -> int:
    """1 for a job that may have instances in the scope, else 0."""
    return int(any(_groups_in(variant, scope) for variant in job.variants))


def _groups_in(variant: TrainingJobView, scope: Scope) -> list[InstanceGroup]:
    """The groups that are in the scope, or may be."""
    return [group for group in _all_groups(variant) if _may_be_in(group, scope)]


def _billed_groups(variant: TrainingJobView, scope: Scope) -> list[InstanceGroup]:
    """Those of the groups that are billed by the time; a debugger's rules run on no plan."""
    billed = variant.rule_groups if variant.is_prepaid else _all_groups(variant)
    return [group for group in billed if _may_be_in(group, scope)]


def _all_groups(variant: TrainingJobView) -> list[InstanceGroup]:
    return [*variant.groups, *variant.rule_groups]


def _may_be_in(group: InstanceGroup, scope: Scope) -> bool:
    return not isinstance(group.instance_type, str) or scope.includes(group.instance_type)


def _count(group: InstanceGroup) -> float | None:
    """The group's number of instances; None also where its type is not known."""
    return _number(group.count) if isinstance(group.instance_type, str) else None


def _largest(values: Iterable[float | None]) -> float | None:
    largest = 0.0
    for value in values:
        if value is None:
            return None
        largest = max(largest, value)
    return _whole(largest)


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and value >= 0 else None


def _at_least_one(value: Any) -> float | None:
    """A number of trials: AWS takes no smaller one than 1, and what a provider makes of it, too."""
    number = _number(value)
    return None if number is None else max(number, 1)


def _plus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other


def total(values: Iterable[float | None]) -> float | None:
    """The sum; None where anything in it is not known."""
    added = 0.0
    for value in values:
        if value is None:
            return None
        added += value
    return _whole(added)


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value
