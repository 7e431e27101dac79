"""Limits of all jobs of a stack together, judged once they are registered.

A job counts whether the launch switch is on or off: what it would take is refused in the pull
request, not on the day on which the switch is turned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from training_policies.compliance import nist
from training_policies.policy import Parameters, StackPolicy
from training_policies.quotas import measures
from training_policies.quotas.amounts import Unit, amount
from training_policies.quotas.measures import Measure
from training_policies.quotas.owner import Owner, owner_of, quota_for
from training_policies.quotas.per_job import allowed_by
from training_policies.quotas.quota import Quota, Scope
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_jobs
from training_policies.violation import Violation


@dataclass(frozen=True)
class StackLimit:
    """One kind of limit: its key in the configuration, and what is added up for it."""

    policy: str
    key: str
    measured: str
    measure: Measure
    unit: Unit
    remedy: str


@dataclass
class Shares:
    """What each job takes of one sum; `total` is the sum of those that are known.

    Resources of several parents may share a name, so the shares are in a list.
    """

    total: float = 0
    unknown: list[str] = field(default_factory=list)
    _known: list[tuple[str, float]] = field(default_factory=list)

    def add(self, name: str, share: float | None) -> None:
        """Counts a job; None is a share that is not known."""
        if share is None:
            self.unknown.append(name)
        else:
            self.total += share
            self._known.append((name, share))

    def are_within(self, allowed: float) -> bool:
        """Whether all are known, and their sum is allowed."""
        return not self.unknown and self.total <= allowed

    def shown(self, unit: Unit) -> str:
        """The jobs that take something, each with what it takes."""
        return ", ".join(f"{name} {amount(share, unit)}" for name, share in self._known if share)


def stack_policy(limit: StackLimit) -> StackPolicy:
    """The policy that the jobs of a stack together keep a kind of limit."""

    def judge(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
        for owner, jobs in _by_owner(resources, parameters).items():
            quota = quota_for(jobs[0], parameters)
            # Jobs without quotas are refused by quota-team, which can't be switched off.
            if quota is not None:
                yield from _breaches(owner, jobs, quota, limit, parameters)

    return StackPolicy(
        name=limit.policy,
        checks=f"{limit.measured} of a stack is within its team's quota",
        severity="high",
        controls=[nist("SC-6")],
        remedy=limit.remedy,
        judge=judge,
    )


def _by_owner(
    resources: Sequence[Resource], parameters: Parameters
) -> dict[Owner, list[TrainingJobView]]:
    jobs: dict[Owner, list[TrainingJobView]] = defaultdict(list)
    # The engine hands the resources over in any order.
    for job in sorted(training_jobs(resources), key=lambda job: job.name):
        jobs[owner_of(job, parameters.stack)].append(job)
    return jobs


def _breaches(
    owner: Owner,
    jobs: list[TrainingJobView],
    quota: Quota,
    limit: StackLimit,
    parameters: Parameters,
) -> Iterator[Violation]:
    types = frozenset().union(*map(measures.types_of, jobs))
    for scope, limits in quota.scopes(types):
        allowed = allowed_by(limits, limit.key)
        if allowed is None:
            continue
        shares = Shares()
        for job in jobs:
            shares.add(job.name, limit.measure(job, scope, parameters.prices))
        if not shares.are_within(allowed):
            yield above(owner, scope, limit, shares, allowed)


def above(
    owner: Owner, scope: Scope, limit: StackLimit, shares: Shares, allowed: float
) -> Violation:
    """The violation of a limit by what several jobs take together."""
    unknown, each = shares.unknown, shares.shown(limit.unit)
    return Violation(
        what=f"{limit.measured} of the stack, {scope}",
        why=f"{owner.team} in {owner.environment} shares the account's capacity and budget with "
        "the other teams; jobs count at their worst case, launched or not",
        asked=f"a number that is not known, because of {', '.join(unknown)}"
        if unknown
        else f"{amount(shares.total, limit.unit)} ({each})",
        allowed=amount(allowed, limit.unit),
        remedy=limit.remedy,
    )


_FEWER = "lower a job's instanceCount or tuning.parallel, or remove a job from the stack"

STACK_LIMITS = (
    StackLimit(
        "quota-instances-per-stack",
        "instancesPerStack",
        "the number of instances",
        measures.instances,
        Unit.COUNT,
        _FEWER,
    ),
    StackLimit(
        "quota-accelerators-per-stack",
        "acceleratorsPerStack",
        "the number of accelerators",
        measures.accelerators,
        Unit.COUNT,
        _FEWER,
    ),
    StackLimit(
        "quota-jobs-at-once",
        "jobsAtOnce",
        "the number of jobs",
        measures.jobs,
        Unit.COUNT,
        "remove a job from the stack",
    ),
    StackLimit(
        "quota-cost-per-stack",
        "costPerStackUsd",
        "the cost ceiling",
        measures.cost,
        Unit.USD,
        "lower a job's maxRuntime, maxAttempts, instanceCount or tuning.maxTrials, or take a "
        "cheaper instance type, or remove a job from the stack",
    ),
    StackLimit(
        "quota-tuning-cost-per-stack",
        "tuningCostPerStackUsd",
        "the cost ceiling of tuning jobs",
        measures.tuning_cost,
        Unit.USD,
        "remove a tuning job from the stack, or lower its trials or their maxRuntime",
    ),
)
