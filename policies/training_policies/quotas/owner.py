"""Whose quotas a job counts against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training_policies.policy import Claim, Parameters, Stack
from training_policies.quotas.limits import Quota, quota_of
from training_policies.stack_identity import ENVIRONMENT, TEAM
from training_policies.training_job import TrainingJobView


@dataclass(frozen=True)
class Owner:
    """A team and its environment; "" where nobody says it."""

    team: str
    environment: str


def owner_of(job: TrainingJobView, stack: Stack) -> Owner:
    """The stack's team and environment, or what the job's own tags say where it has none."""
    said = claim_of(job)
    return Owner(stack.team or said.team, stack.environment or said.environment)


def claim_of(job: TrainingJobView) -> Claim:
    """What the job's own tags say."""
    tags = job.tags if isinstance(job.tags, dict) else {}
    return Claim("the job's tags", _text(tags, TEAM), _text(tags, ENVIRONMENT))


def quota_for(job: TrainingJobView, parameters: Parameters) -> Quota | None:
    """The quotas that a job counts against; None where its owner has none."""
    owner = owner_of(job, parameters.stack)
    return quota_of(parameters.teams, owner.team, owner.environment)


def _text(tags: Mapping[str, object], name: str) -> str:
    value = tags.get(name)
    return value if isinstance(value, str) else ""
