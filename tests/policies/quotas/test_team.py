from __future__ import annotations

from typing import Any

import pytest

from tests.policies.jobs import job, limits, request
from training_policies.harness import resource, violations
from training_policies.policy import Claim, Stack
from training_policies.quotas.team import TEAM_POLICY
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import OWN_TYPE

NOBODY = Stack("dev", "", "")


def tagged(**tags: Any) -> Resource:
    written = [{"Key": key, "Value": value} for key, value in tags.items()]
    return resource(OWN_TYPE, {"request": {**request(), "Tags": written}})


def judged(subject: Resource, stack: Stack) -> list[str]:
    return [each.what for each in violations(TEAM_POLICY, subject, stack=stack, teams=limits())]


def test_a_team_with_quotas_passes_whoever_names_it():
    assert judged(job(), Stack("dev", "research", "dev")) == []
    assert judged(tagged(team="research", environment="dev"), NOBODY) == []
    assert judged(tagged(environment="dev"), Stack("dev", "research", "")) == []


@pytest.mark.parametrize(
    ("stack", "missing"),
    [
        (NOBODY, "team and environment"),
        (Stack("dev", "research", ""), "environment"),
        (Stack("dev", "", "dev"), "team"),
    ],
)
def test_a_job_of_nobody_is_refused(stack: Stack, missing: str):
    what = f"nobody says which {missing} the job belongs to"
    assert judged(job(), stack) == [what]
    unknown = tagged(team=UNKNOWN, environment=UNKNOWN)
    assert judged(unknown, stack) == [what]


@pytest.mark.parametrize(
    ("team", "environment"), [("vision", "dev"), ("research", "prod"), ("*", "dev")]
)
def test_a_team_without_quotas_is_refused(team: str, environment: str):
    what = f"the team {team} has no quotas in the environment {environment}"
    assert judged(job(), Stack("dev", team, environment)) == [what]


def test_quotas_for_any_environment_are_for_those_that_are_not_listed():
    anywhere: dict[str, Any] = {"research": {"*": {"families": {}}}}
    stack = Stack("dev", "research", "staging")
    assert not violations(TEAM_POLICY, job(), stack=stack, teams=anywhere)


def test_a_job_that_is_tagged_for_another_team_is_refused():
    stack = Stack("dev", "research", "dev", (Claim("the stack's tags", "research", "dev"),))
    assert judged(tagged(team="vision", environment="dev"), stack) == [
        "the job's tags name another team than the stack's tags"
    ]


def test_tags_and_settings_of_a_stack_that_contradict_each_other_are_refused():
    claims = (
        Claim("the stack's tags", "research", "dev"),
        Claim("the stack's settings", "research", "prod"),
    )
    assert judged(job(), Stack("dev", "research", "dev", claims)) == [
        "the stack's settings name another environment than the stack's tags"
    ]


def test_nobody_is_exempted():
    assert TEAM_POLICY.fixed


def test_other_resources_belong_to_nobody_and_pass():
    assert judged(resource("aws:s3/bucket:Bucket", {}), NOBODY) == []
    assert judged(resource("pulumi-python:dynamic/a:B", {"length": 8}), NOBODY) == []
