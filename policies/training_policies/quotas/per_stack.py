"""Limits of all jobs of a stack together, judged once they are registered.

A job counts whether the launch switch is on or off: what it would take is refused in the pull
request, not on the day on which the switch is turned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
        # Resources of several parents may share a name, so their shares are in a list.
        shares = [(job.name, limit.measure(job, scope, parameters.prices)) for job in jobs]
        known = [share for _, share in shares if share is not None]
        if len(known) < len(shares) or sum(known) > allowed:
            yield _violation(owner, scope, limit, shares, allowed)


def _violation(
    owner: Owner,
    scope: Scope,
    limit: StackLimit,
    shares: list[tuple[str, float | None]],
    allowed: float,
) -> Violation:
    unknown = [name for name, share in shares if share is None]
    asked = sum(share for _, share in shares if share is not None)
    each = ", ".join(f"{name} {amount(share, limit.unit)}" for name, share in shares if share)
    return Violation(
        what=f"{limit.measured} of the stack, {scope}",
        why=f"{owner.team} in {owner.environment} shares the account's capacity and budget with "
        "the other teams; jobs count at their worst case, launched or not",
        asked=f"a number that is not known, because of {', '.join(unknown)}"
        if unknown
        else f"{amount(asked, limit.unit)} ({each})",
        allowed=amount(allowed, limit.unit),
    )


_FEWER = "remove a job from the stack, or lower what a job takes"

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
        _FEWER,
    ),
)
