"""Policies for how much a team may train at once, and for how much money."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy
from training_policies.quotas.instance_types import INSTANCE_TYPES_POLICY
from training_policies.quotas.other_routes import OTHER_ROUTES
from training_policies.quotas.per_job import JOB_LIMITS
from training_policies.quotas.per_stack import STACK_LIMITS, stack_policy
from training_policies.quotas.team import TEAM_POLICY
from training_policies.quotas.written_calls import WRITTEN_CALLS

QUOTA_POLICIES: tuple[Policy | StackPolicy, ...] = (
    TEAM_POLICY,
    INSTANCE_TYPES_POLICY,
    OTHER_ROUTES,
    WRITTEN_CALLS,
    *JOB_LIMITS,
    *map(stack_policy, STACK_LIMITS),
)
