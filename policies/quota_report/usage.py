"""What each team uses, compared with the policy pack's quotas; no AWS, no engine.

The pack judges one stack at a time. Here all stacks of a team and environment count together
against the same limits, each job at its worst case. The pack's own rules decide which team a job
belongs to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from training_policies.configuration import Configuration
from training_policies.policy import Stack
from training_policies.quotas import measures
from training_policies.quotas.owner import Owner, contradictions, owner_of
from training_policies.quotas.per_job import allowed_by
from training_policies.quotas.per_stack import STACK_LIMITS, StackLimit
from training_policies.quotas.quota import Quota, Scope, quota_of
from training_policies.training_job import TrainingJobView

WITHIN, OVER, UNKNOWN, UNLIMITED, WITHOUT_QUOTA = (
    "within",
    "over",
    "unknown",
    "unlimited",
    "no quota",
)
REFUSED = frozenset({OVER, UNKNOWN, WITHOUT_QUOTA})
"""The verdicts that make a report fail."""

_CONTRADICTED = "jobs for which two owners are named"


@dataclass(frozen=True)
class StackJob:
    """A training job, and the stack that it belongs to."""

    job: TrainingJobView
    stack: Stack

    @property
    def owner(self) -> Owner:
        """The team and environment against whose quotas it counts."""
        return owner_of(self.job, self.stack)

    @property
    def is_contradicted(self) -> bool:
        """Whether two different owners are named for it."""
        return any(True for _ in contradictions(self.job, self.stack))


@dataclass(frozen=True)
class Usage:
    """What one team uses of one thing.

    `used` is None where it is not known, `allowed` where there is no limit.
    """

    owner: Owner
    scope: str
    what: str
    used: float | None
    allowed: float | None
    verdict: str
    jobs: Sequence[str]


def usage(jobs: Iterable[StackJob], configuration: Configuration) -> list[Usage]:
    """A line for each team, environment, scope and kind of limit."""
    by_owner: dict[Owner, list[StackJob]] = defaultdict(list)
    for each in jobs:
        by_owner[each.owner].append(each)
    owners = sorted(by_owner, key=lambda owner: (owner.team, owner.environment))
    return [line for owner in owners for line in _of(owner, by_owner[owner], configuration)]


def _of(owner: Owner, owned: list[StackJob], configuration: Configuration) -> Iterator[Usage]:
    contradicted = sorted(each.job.name for each in owned if each.is_contradicted)
    if contradicted:
        count = len(contradicted)
        yield Usage(owner, "all instances", _CONTRADICTED, count, 0, OVER, contradicted)
    jobs = [each.job for each in owned]
    teams = configuration.values.get("teams", {})
    quota = quota_of(teams, owner.team, owner.environment)
    names = sorted(job.name for job in jobs)
    if quota is None:
        yield Usage(owner, "all instances", "jobs", len(jobs), 0, WITHOUT_QUOTA, names)
        return
    for scope, limits in quota.scopes(frozenset().union(*map(measures.types_of, jobs))):
        for limit in STACK_LIMITS:
            yield _line(owner, scope, limit, jobs, allowed_by(limits, limit.key), configuration)
    yield from _unlisted(owner, quota, jobs)


def _line(
    owner: Owner,
    scope: Scope,
    limit: StackLimit,
    jobs: list[TrainingJobView],
    allowed: float | None,
    configuration: Configuration,
) -> Usage:
    shares = [(job.name, limit.measure(job, scope, configuration.prices)) for job in jobs]
    used = measures.total(share for _, share in shares)
    counted = sorted(name for name, share in shares if share != 0)
    verdict = _verdict(used, allowed, limit)
    return Usage(owner, str(scope), limit.measured, used, allowed, verdict, counted)


def _verdict(used: float | None, allowed: float | None, limit: StackLimit) -> str:
    """Instances that can't be counted are reported even where nothing limits them."""
    if used is None and (allowed is not None or limit.key == "instancesPerStack"):
        return UNKNOWN
    if used is None or allowed is None:
        return UNLIMITED
    return OVER if used > allowed else WITHIN


def _unlisted(owner: Owner, quota: Quota, jobs: list[TrainingJobView]) -> Iterator[Usage]:
    """The families that the team's quotas do not list."""
    for scope, _ in quota.scopes(frozenset().union(*map(measures.types_of, jobs))):
        if scope.kind == "family" and not quota.lists_family(scope.name):
            names = sorted(job.name for job in jobs if _takes(job, scope))
            yield Usage(owner, str(scope), "jobs", len(names), 0, WITHOUT_QUOTA, names)


def _takes(job: TrainingJobView, scope: Scope) -> bool:
    return any(map(scope.includes, measures.types_of(job)))
