"""What a job may cost at most, and what it has cost, in USD.

Storage, transfer and the platform around the job are not included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from components.instances import training_instance_types
from components.training_job.request.instance_choices import instance_choices

Cost = float | str
"""An amount in USD, or `UNKNOWN_COST` or `PREPAID_COST`."""

UNKNOWN_COST = "unknown"
"""The cost where a price is not known; it is never zero."""

PREPAID_COST = "prepaid"
"""The cost on a training plan: its instances are paid for when the plan is bought, used or not."""

OVERHEAD_SECONDS = 600
"""Seconds per instance and attempt that the service may bill beyond the maximum runtime.

Download, the grace after a stop and the upload of artifacts fall outside MaxRuntimeInSeconds: a
job with a limit of 603 s was seen billed 841 s (aws/sagemaker-python-sdk, issue 4451).
"""

TYPICAL_SPOT_SHARE = 0.3
"""The share of the on-demand price that a spot job is likely to be billed.

Public records of jobs show training and billable seconds of 874 and 262, 2282 and 508, 140 and 53:
shares of 0.30, 0.22 and 0.38.
"""

_SECONDS_PER_HOUR = 3600


def cost_ceiling(requests: Sequence[Mapping[str, Any]], attempts: int) -> Cost:
    """The most that all attempts can cost, in USD: that of the dearest of these requests.

    A job with fallbacks has several requests, and which of them its attempts will need is not
    known before. What is prepaid costs nothing more.
    """
    return _together([_request_ceiling(request, attempts) for request in requests], max)


def total_of(costs: Iterable[Cost]) -> Cost:
    """The sum of several costs in USD; what is prepaid adds nothing to it."""
    return _together(list(costs), lambda known: round(sum(known), 6))


def _together(costs: Sequence[Cost], of: Callable[[Sequence[float]], float]) -> Cost:
    """One cost made of several: unknown where one of them is, prepaid where all of them are."""
    known = [cost for cost in costs if not isinstance(cost, str)]
    if UNKNOWN_COST in costs:
        return UNKNOWN_COST
    return PREPAID_COST if costs and not known else of(known)


def _request_ceiling(request: Mapping[str, Any], attempts: int) -> Cost:
    """Price × instances × the time allowed for them.

    The maximum runtime and the overhead count for each attempt, a warm pool once.

    Spot capacity never costs more than on-demand, whose price is used for both.
    """
    resources = request["ResourceConfig"]
    seconds = (request["StoppingCondition"]["MaxRuntimeInSeconds"] + OVERHEAD_SECONDS) * attempts
    return billed_cost(resources, seconds + resources.get("KeepAlivePeriodInSeconds", 0))


def tuning_ceiling(request: Mapping[str, Any], tuning: Mapping[str, Any], attempts: int) -> Cost:
    """The most that a tuning of so many attempts can cost, in USD.

    `request` is the training request of its trials, `tuning` its HyperParameterTuningJobConfig.
    Either all trials take their longest time, or as many as run at once take the tuning's. The
    less of both counts, for each attempt in full: only trials that succeeded are not made again.
    """
    resources, limits = request["ResourceConfig"], tuning["ResourceLimits"]
    parallel, trials = limits["MaxParallelTrainingJobs"], limits.get("MaxNumberOfTrainingJobs")
    seconds = []
    if trials is not None:
        longest = request["StoppingCondition"]["MaxRuntimeInSeconds"]
        seconds.append(trials * (longest + OVERHEAD_SECONDS))
    if "MaxRuntimeInSeconds" in limits:
        seconds.append(parallel * (limits["MaxRuntimeInSeconds"] + OVERHEAD_SECONDS))
    return billed_cost(resources, attempts * min(seconds)) if seconds else UNKNOWN_COST


def expected_cost(ceiling: Cost, on_spot: bool) -> Cost:
    """What a job that takes all its time is likely to cost, in USD; on demand, its ceiling."""
    if isinstance(ceiling, str) or not on_spot:
        return ceiling
    return round(ceiling * TYPICAL_SPOT_SHARE, 6)


def savings_percent(training_seconds: float, billable_seconds: float) -> float:
    """What managed spot saved, in percent of the on-demand cost; 0 for a job without times."""
    if training_seconds <= 0:
        return 0.0
    return round(100 * (1 - billable_seconds / training_seconds), 1)


def billed_cost(resources: Mapping[str, Any], seconds: float) -> Cost:
    """What this ResourceConfig costs for so many billed seconds, in USD for all instances.

    BillableTimeInSeconds has the spot discount in it, and counts for each instance. As long as the
    service has selected none of several preferences, it is the cost of the dearest.
    """
    if is_prepaid(resources):
        return PREPAID_COST
    costs = [
        total_of(_cost(each["InstanceType"], each["InstanceCount"], seconds) for each in groups)
        for groups in instance_choices(resources)
    ]
    return _together(costs, max)


def is_prepaid(resources: Mapping[str, Any]) -> bool:
    """Whether this ResourceConfig is for the instances of a training plan."""
    return "TrainingPlanArn" in resources


def _cost(instance_type: str, instance_count: int, seconds: float) -> Cost:
    listed = training_instance_types().get(instance_type)
    if listed is None or listed.on_demand_usd_per_hour is None:
        return UNKNOWN_COST
    usd = listed.on_demand_usd_per_hour * instance_count * seconds / _SECONDS_PER_HOUR
    return round(usd, 6)
