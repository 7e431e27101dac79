from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import job, limits, request, resource, violations
from training_policies.policy import Claim, Parameters, Stack
from training_policies.quotas.owner import Owner, contradictions, owner_of, quota_for
from training_policies.quotas.team import TEAM_POLICY
from training_policies.resource import UNKNOWN, Resource
from training_policies.stack_identity import ENVIRONMENT, TEAM, stack_of
from training_policies.training_job import OWN_TYPE, training_job

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
        (NOBODY, "team and no environment"),
        (Stack("dev", "research", ""), "environment"),
        (Stack("dev", "", "dev"), "team"),
    ],
)
def test_a_job_without_a_team_is_refused(stack: Stack, missing: str):
    what = f"no {missing} is named for the job"
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


def test_a_team_without_quotas_has_a_remedy_that_names_the_entry_and_its_file():
    stack = Stack("dev", "physics", "dev")
    [found] = violations(TEAM_POLICY, job(), stack=stack, teams=limits())
    assert "teams.physics.dev; " in found.remedy
    assert found.remedy.endswith("policies/configuration.json")


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


@pytest.mark.parametrize(
    ("team", "environment", "missing"),
    [
        ("", "", ["team", "environment"]),
        ("research", "", ["environment"]),
        ("", "dev", ["team"]),
    ],
)
def test_where_only_the_stacks_tags_count_a_missing_one_is_named_with_its_command(
    team: str, environment: str, missing: list[str]
):
    subject = tagged(team="research", environment="dev")
    stack = Stack("vision", team, environment, tags_only=True)
    [found] = violations(TEAM_POLICY, subject, stack=stack, teams=limits())
    assert found.what == f"the stack has no tag {' and no tag '.join(missing)}"
    for name in ("team", "environment"):
        command = f"`pulumi stack tag set {name} <{name}> --stack vision`"
        assert (command in found.remedy) is (name in missing)


def test_where_only_the_stacks_tags_count_a_job_of_another_team_is_refused():
    tags = Claim("the stack's tags", "research", "dev")
    stack = Stack("dev", "research", "dev", (tags,), tags_only=True)
    assert judged(tagged(team="research", environment="dev"), stack) == []
    assert judged(tagged(team="vision", environment="prod"), stack) == [
        "the job's tags name another team than the stack's tags",
        "the job's tags name another environment than the stack's tags",
    ]


names = st.sampled_from(["", "research", "vision", "dev", "prod"])


@given(names, names, st.lists(names, min_size=4, max_size=4))
def test_where_settings_are_not_trusted_nothing_but_the_stacks_tags_says_whose_a_job_is(
    team: str, environment: str, written: list[str]
):
    tags = {TEAM: team, ENVIRONMENT: environment}
    settings = {TEAM: written[0], ENVIRONMENT: written[1]}
    stack = stack_of("dev", tags, settings, trust_settings=False)
    job = training_job(tagged(team=written[2], environment=written[3]))
    assert job is not None
    assert owner_of(job, stack) == Owner(team, environment)
    quota: dict[str, Any] = {"dev": {"families": {}}, "*": {"families": {}}}
    quotas = dict.fromkeys([*written, team], quota)
    granted = quota_for(job, Parameters({}, stack, date(2026, 1, 1), quotas))
    assert (granted is not None) is bool(team and environment)
    differing = {each.what for each in contradictions(job, stack)}
    assert (TEAM in differing) is (len({team, written[0], written[2]} - {""}) > 1)


def test_there_is_no_exemption():
    assert TEAM_POLICY.fixed


def test_other_resources_need_no_team_and_pass():
    assert judged(resource("aws:s3/bucket:Bucket", {}), NOBODY) == []
    assert judged(resource("pulumi-python:dynamic/a:B", {"length": 8}), NOBODY) == []
