"""The policy that every job belongs to a team with quotas; all other quotas rely on it."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.compliance import nist
from training_policies.policy import Parameters, Policy, Stack
from training_policies.quotas.owner import (
    Contradiction,
    Owner,
    contradictions,
    owner_of,
    quota_for,
)
from training_policies.resource import Resource
from training_policies.stack_identity import ENVIRONMENT, TAGS_SETTING, TEAM
from training_policies.training_job import may_be_training_job, training_job
from training_policies.violation import Violation

_WHY = "quotas belong to teams, so a job without a team would count against no quota"


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    job = training_job(resource)
    if job is None:
        return
    stack = parameters.stack
    owner = owner_of(job, stack)
    yield from map(_contradicted, contradictions(job, stack))
    missing = [name for name, value in _named(owner) if not value]
    if missing:
        yield _untagged(owner, missing, stack) if stack.tags_only else _unowned(owner, missing)
    elif quota_for(job, parameters) is None:
        yield _without_quota(owner, parameters)


def _named(owner: Owner) -> tuple[tuple[str, str], ...]:
    return (TEAM, owner.team), (ENVIRONMENT, owner.environment)


def _contradicted(found: Contradiction) -> Violation:
    return Violation(
        what=f"{found.source} name another {found.what} than {found.first_source}",
        why=_WHY,
        asked=found.value,
        allowed=found.first_value,
        remedy=f"name the same {found.what} everywhere",
    )


def _untagged(owner: Owner, missing: list[str], stack: Stack) -> Violation:
    commands = " and ".join(
        f"`pulumi stack tag set {name} <{name}> --stack {stack.name}`" for name in missing
    )
    return Violation(
        what=f"the stack has no tag {' and no tag '.join(missing)}",
        why=f"{_WHY}; the configuration trusts only the stack's tags, and neither its settings nor "
        "tags that the program writes",
        asked=dict(_named(owner)),
        allowed="a team and an environment that have quotas",
        remedy=f"ask the people who manage the stacks' tags to run {commands}; no tag counts while "
        f"the stack's settings write tags with {TAGS_SETTING}",
    )


def _unowned(owner: Owner, missing: list[str]) -> Violation:
    return Violation(
        what=f"no {' and no '.join(missing)} is named for the job",
        why=_WHY,
        asked=dict(_named(owner)),
        allowed="a team and an environment that have quotas",
        remedy=f"set the stack's tags {TEAM} and {ENVIRONMENT} with `pulumi stack tag set`, "
        f"or the stack's settings or the job's tags of these names",
    )


def _without_quota(owner: Owner, parameters: Parameters) -> Violation:
    listed = [
        f"{team} in {environment}"
        for team, environments in parameters.teams.items()
        for environment in environments
    ]
    return Violation(
        what=f"the team {owner.team} has no quotas in the environment {owner.environment}",
        why=_WHY,
        asked=f"{owner.team} in {owner.environment}",
        allowed=", ".join(listed) or "none",
        remedy=f"ask the people who manage the policies' configuration for "
        f"teams.{owner.team}.{owner.environment}; in a checkout of your own you may add it to "
        "policies/configuration.json",
    )


TEAM_POLICY = Policy(
    name="quota-team",
    checks="a training job's team and environment are known and have quotas",
    severity="high",
    controls=[nist("AC-6"), nist("SC-6")],
    remedy="name the team and environment in the stack's tags or settings, and have "
    "quotas for them written into the policies' configuration",
    fixed=True,
    applies=may_be_training_job,
    judge=_judge,
)
