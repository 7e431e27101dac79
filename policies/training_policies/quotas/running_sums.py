"""The sums over a stack while it is registered, so that what breaks a quota is not launched.

The engine judges a stack's resources together only once all are registered, which in an update is
after they are created. A program need not make in an update what it showed in the preview.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from training_policies.policy import Parameters
from training_policies.quotas import measures
from training_policies.quotas.owner import Owner, owner_of, quota_for
from training_policies.quotas.per_job import allowed_by
from training_policies.quotas.per_stack import STACK_LIMITS, Shares, StackLimit, above
from training_policies.quotas.quota import Scope
from training_policies.training_job import TrainingJobView
from training_policies.violation import Violation


@dataclass
class RunningSums:
    """What the jobs registered so far take, in one run of the engine."""

    _shares: dict[tuple[Owner, StackLimit, Scope], Shares] = field(
        default_factory=lambda: defaultdict(Shares)
    )

    def add(
        self, job: TrainingJobView, parameters: Parameters
    ) -> Iterator[tuple[StackLimit, Violation]]:
        """Counts a job, and yields each limit that is broken with it."""
        owner, quota = owner_of(job, parameters.stack), quota_for(job, parameters)
        if quota is None:
            return
        for scope, limits in quota.scopes(measures.types_of(job)):
            for limit in STACK_LIMITS:
                allowed = allowed_by(limits, limit.key)
                if allowed is not None:
                    shares = self._shares[owner, limit, scope]
                    shares.add(job.name, limit.measure(job, scope, parameters.prices))
                    if not shares.are_within(allowed):
                        yield limit, above(owner, scope, limit, shares, allowed)
