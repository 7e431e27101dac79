"""Limits of one job, judged before anything happens to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from training_policies.compliance import nist
from training_policies.policy import Parameters, Policy, Severity
from training_policies.quotas import measures
from training_policies.quotas.amounts import Unit, amount
from training_policies.quotas.measures import Measure
from training_policies.quotas.owner import quota_for
from training_policies.quotas.quota import Scope, seconds
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, may_be_training_job, training_job
from training_policies.violation import Violation


@dataclass(frozen=True)
class JobLimit:
    """One kind of limit: its key in the configuration, and what is compared with it."""

    key: str
    measured: str
    measure: Measure
    unit: Unit
    why: str
    remedy: str
    remedy_of_tuning: str = ""
    """How a tuning job keeps the limit, where it can also do so in another way."""


def job_policy(name: str, severity: Severity, limit: JobLimit) -> Policy:
    """The policy that each job keeps a kind of limit."""

    def judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
        job = training_job(resource)
        quota = quota_for(job, parameters) if job else None
        # A job without quotas is refused by quota-team, which can't be switched off.
        if job is not None and quota is not None:
            for scope, limits in quota.scopes(measures.types_of(job)):
                yield from _breaches(job, scope, limits, limit, parameters)

    return Policy(
        name=name,
        checks=f"{limit.measured} of a job is within its team's quota",
        severity=severity,
        controls=[nist("SC-6")],
        remedy=limit.remedy,
        applies=may_be_training_job,
        judge=judge,
    )


def _breaches(
    job: TrainingJobView,
    scope: Scope,
    limits: Mapping[str, Any],
    limit: JobLimit,
    parameters: Parameters,
) -> Iterator[Violation]:
    allowed = allowed_by(limits, limit.key)
    if allowed is None:
        return
    asked = limit.measure(job, scope, parameters.prices)
    if asked is None or asked > allowed:
        yield Violation(
            what=f"{limit.measured} of {job.name}, {scope}",
            why=limit.why,
            asked="a number that is not known" if asked is None else amount(asked, limit.unit),
            allowed=amount(allowed, limit.unit),
            remedy=_remedy(job, limit, asked),
        )


def _remedy(job: TrainingJobView, limit: JobLimit, asked: float | None) -> str:
    """How a violation is corrected; "" for the policy's own remedy."""
    if asked is None:
        return _PLAIN
    return limit.remedy_of_tuning if job.tuning else ""


def allowed_by(limits: Mapping[str, Any], key: str) -> float | None:
    """The limit with this key as a number; None where there is none."""
    value = limits.get(key)
    if value is None:
        return None
    if isinstance(value, bool):
        return 0 if value else None
    return seconds(value) if isinstance(value, str) else float(value)


_PLAIN = (
    "give the instance type, count, spot flag and limits, also those of a tuning job, as plain "
    "values, which a preview shows, and use an instance type with a known price"
)
_SHARED = "the account's capacity is shared by all teams"

JOB_LIMITS = (
    job_policy(
        "quota-instances-per-job",
        "high",
        JobLimit(
            "instancesPerJob",
            "the number of instances",
            measures.instances,
            Unit.COUNT,
            _SHARED,
            "lower instanceCount",
            "lower tuning.parallel or instanceCount",
        ),
    ),
    job_policy(
        "quota-accelerators-per-job",
        "high",
        JobLimit(
            "acceleratorsPerJob",
            "the number of accelerators",
            measures.accelerators,
            Unit.COUNT,
            _SHARED,
            "lower instanceCount, or take an instance type with fewer accelerators",
            "lower tuning.parallel or instanceCount, or take an instance type with fewer "
            "accelerators",
        ),
    ),
    job_policy(
        "quota-spot-only",
        "medium",
        JobLimit(
            "spotOnly",
            "the on-demand capacity",
            measures.on_demand,
            Unit.CAPACITY,
            "spot costs a third of on-demand capacity, and a job with checkpoints loses no step",
            "set spot: true, and remove fallbacks to on-demand capacity",
        ),
    ),
    job_policy(
        "quota-runtime",
        "medium",
        JobLimit(
            "maxRuntime",
            "the training time over all attempts",
            measures.runtime,
            Unit.SECONDS,
            "a job that hangs is billed until its runtime limit",
            "lower maxRuntime or maxAttempts",
        ),
    ),
    job_policy(
        "quota-wait",
        "low",
        JobLimit(
            "maxWait",
            "the time for waiting and running",
            measures.wait,
            Unit.SECONDS,
            "a job that waits uses its place in the team's quota",
            "lower spot.maxWait",
        ),
    ),
    job_policy(
        "quota-trials",
        "medium",
        JobLimit(
            "maxTrials",
            "the number of trials",
            measures.trials,
            Unit.COUNT,
            "each trial is a training job, and is billed as one",
            "lower tuning.maxTrials; of a grid, remove values",
        ),
    ),
    job_policy(
        "quota-cost-per-job",
        "high",
        JobLimit(
            "costPerJobUsd",
            "the cost ceiling",
            measures.cost,
            Unit.USD,
            "the most that a job may cost is judged before any of it is spent",
            "take a cheaper instance type, fewer instances, a lower maxRuntime or fewer attempts",
            "lower tuning.maxTrials, tuning.maxRuntime or the trials' maxRuntime, or take a "
            "cheaper instance type, fewer instances or fewer attempts",
        ),
    ),
)
