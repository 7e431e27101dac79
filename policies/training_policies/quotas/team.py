"""The policy that says whose quotas a job counts against; all other quotas rely on it."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.controls import nist
from training_policies.policy import Parameters, Policy
from training_policies.quotas.owner import Owner, claim_of, owner_of, quota_for
from training_policies.resource import Resource
from training_policies.stack_identity import ENVIRONMENT, TEAM
from training_policies.training_job import may_be_training_job, training_job
from training_policies.violation import Violation

_WHY = "quotas are a team's, and a job of nobody would count against none"


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    job = training_job(resource)
    if job is None:
        return
    owner = owner_of(job, parameters.stack)
    claims = [*parameters.stack.claims, claim_of(job)]
    yield from _contradictions(TEAM, [(each.source, each.team) for each in claims])
    yield from _contradictions(ENVIRONMENT, [(each.source, each.environment) for each in claims])
    if not owner.team or not owner.environment:
        yield _unowned(owner)
    elif quota_for(job, parameters) is None:
        yield _without_quota(owner, parameters)


def _contradictions(what: str, said: list[tuple[str, str]]) -> Iterator[Violation]:
    known = [(source, value) for source, value in said if value]
    for source, value in known[1:]:
        if value != known[0][1]:
            yield Violation(
                what=f"{source} name another {what} than {known[0][0]}",
                why=_WHY,
                asked=value,
                allowed=known[0][1],
                remedy=f"name the same {what} everywhere",
            )


def _unowned(owner: Owner) -> Violation:
    missing = " and ".join(
        name for name, value in ((TEAM, owner.team), (ENVIRONMENT, owner.environment)) if not value
    )
    return Violation(
        what=f"nobody says which {missing} the job belongs to",
        why=_WHY,
        asked={TEAM: owner.team, ENVIRONMENT: owner.environment},
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
        remedy=f"ask whoever keeps the policies' configuration for "
        f"teams.{owner.team}.{owner.environment}",
    )


TEAM_POLICY = Policy(
    name="quota-team",
    display_name="Every training job belongs to a team with quotas",
    description="Checks that a training job's team and environment are known and have quotas.",
    severity="high",
    controls=[nist("AC-6"), nist("SC-6")],
    remediation="Name the team and environment in the stack's tags or settings, and have quotas "
    "for them written into the policies' configuration.",
    fixed=True,
    applies=may_be_training_job,
    judge=_judge,
)
