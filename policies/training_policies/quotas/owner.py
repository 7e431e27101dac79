"""The team and environment against whose quotas a job counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from training_policies.policy import Claim, Parameters, Stack
from training_policies.quotas.quota import Quota, quota_of
from training_policies.stack_identity import ENVIRONMENT, TEAM
from training_policies.training_job import TrainingJobView


@dataclass(frozen=True)
class Owner:
    """A team and its environment; "" for one that is not named."""

    team: str
    environment: str


@dataclass(frozen=True)
class Contradiction:
    """Two sources that name different teams or environments; `what` says which of the two."""

    what: str
    source: str
    value: str
    first_source: str
    first_value: str


def owner_of(job: TrainingJobView, stack: Stack) -> Owner:
    """The stack's team and environment, or what the job's own tags say where it has none.

    The program writes the job's tags: they don't count where only the stack's tags do.
    """
    said = Claim("", "", "") if stack.tags_only else claim_of(job)
    return Owner(stack.team or said.team, stack.environment or said.environment)


def claim_of(job: TrainingJobView) -> Claim:
    """What the job's own tags say."""
    tags = job.tags if isinstance(job.tags, dict) else {}
    return Claim("the job's tags", _text(tags, TEAM), _text(tags, ENVIRONMENT))


def contradictions(job: TrainingJobView, stack: Stack) -> Iterator[Contradiction]:
    """Where the stack's tags, its settings and the job's tags name different owners."""
    claims = [*stack.claims, claim_of(job)]
    yield from _differing(TEAM, [(each.source, each.team) for each in claims])
    yield from _differing(ENVIRONMENT, [(each.source, each.environment) for each in claims])


def quota_for(job: TrainingJobView, parameters: Parameters) -> Quota | None:
    """The quotas that a job counts against; None where its owner has none."""
    owner = owner_of(job, parameters.stack)
    return quota_of(parameters.teams, owner.team, owner.environment)


def _differing(what: str, said: list[tuple[str, str]]) -> Iterator[Contradiction]:
    known = [(source, value) for source, value in said if value]
    for source, value in known[1:]:
        if value != known[0][1]:
            yield Contradiction(what, source, value, *known[0])


def _text(tags: Mapping[str, object], name: str) -> str:
    value = tags.get(name)
    return value if isinstance(value, str) else ""
