from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quota_report.usage import StackJob, Usage, usage
from tests.policies.subjects import request, resource
from training_policies.configuration import Configuration
from training_policies.policy import Stack
from training_policies.quotas.owner import Owner
from training_policies.resource import UNKNOWN
from training_policies.stack_identity import stack_of
from training_policies.training_job import OWN_TYPE, training_job

LIMITS = {"instancesPerStack": 4, "jobsAtOnce": 9}


UNTAGGED = stack_of("stack", {}, {}, trust_settings=True)


def job(
    name: str,
    *args: Any,
    team: str = "research",
    environment: str = "dev",
    stack: Stack = UNTAGGED,
    **kwargs: Any,
) -> StackJob:
    tags = [{"Key": "team", "Value": team}, {"Key": "environment", "Value": environment}]
    view = training_job(
        resource(OWN_TYPE, {"request": {**request(*args, **kwargs), "Tags": tags}}, name)
    )
    assert view is not None
    return StackJob(view, stack)


def reported(*jobs: StackJob, **teams: Any) -> list[Usage]:
    quota = {"research": {"dev": {"all": LIMITS, "families": {"g5": {}}}}}
    return usage(jobs, Configuration("organisation.json", {"teams": quota | teams}))


def line(lines: list[Usage], what: str, scope: str = "all instances", team: str = "research"):
    [found] = [
        each for each in lines if (each.what, each.scope, each.owner.team) == (what, scope, team)
    ]
    return found


def test_the_stacks_of_a_team_count_together():
    lines = reported(job("one"), job("two", count=3))
    instances = line(lines, "the number of instances")
    assert (instances.used, instances.allowed, instances.verdict) == (5, 4, "over")
    assert instances.jobs == ["one", "two"]
    assert line(lines, "the number of jobs").verdict == "within"
    assert line(lines, "the cost ceiling").verdict == "unlimited"


def test_each_team_and_environment_counts_apart():
    vision = {"dev": {"families": {"*": {"instancesPerStack": 2}}}}
    lines = reported(job("one"), job("two", team="vision"), vision=vision)
    assert line(lines, "the number of instances").used == 2
    theirs = line(lines, "the number of instances", "the family g5", "vision")
    assert (theirs.used, theirs.allowed, theirs.verdict) == (2, 2, "within")


def test_a_team_without_quotas_is_refused():
    [nobody] = reported(job("one", team="", environment=""))
    assert (nobody.owner, nobody.verdict) == (Owner("", ""), "no quota")
    [elsewhere] = reported(job("one", environment="prod"))
    assert (elsewhere.used, elsewhere.allowed, elsewhere.verdict) == (1, 0, "no quota")


def test_a_stacks_tags_say_whose_its_jobs_are_and_a_job_that_names_another_is_refused():
    tags = {"team": "vision", "environment": "dev"}
    for trust in (True, False):
        stack = stack_of("stack", tags, {}, trust_settings=trust)
        quota: dict[str, Any] = {"dev": {"families": {"*": {}}}}
        lines = reported(job("one", stack=stack), job("two"), vision=quota)
        refused = line(lines, "jobs for which two owners are named", team="vision")
        assert (refused.used, refused.allowed, refused.verdict) == (1, 0, "over")
        assert refused.jobs == ["one"]
        assert line(lines, "the number of instances").jobs == ["two"]
        agreed = reported(job("one", stack=stack, team="vision"), vision=quota)
        assert {each.verdict for each in agreed} == {"unlimited"}


def test_where_only_the_stacks_tags_count_a_job_of_an_untagged_stack_has_no_owner():
    [nobody] = reported(job("one", stack=stack_of("stack", {}, {}, trust_settings=False)))
    assert (nobody.owner, nobody.verdict) == (Owner("", ""), "no quota")
    half = stack_of("stack", {"team": "research"}, {}, trust_settings=False)
    [unplaced] = reported(job("one", stack=half))
    assert (unplaced.owner, unplaced.verdict) == (Owner("research", ""), "no quota")


def test_a_family_that_is_not_listed_is_refused():
    lines = reported(job("one", "ml.p5.48xlarge", 1))
    refused = line(lines, "jobs", "the family p5")
    assert (refused.verdict, refused.jobs) == ("no quota", ["one"])


def test_what_cannot_be_counted_is_unknown_and_not_zero():
    lines = reported(job("one"), job("two", count=UNKNOWN))
    instances = line(lines, "the number of instances")
    assert (instances.used, instances.verdict) == (None, "unknown")
    assert instances.jobs == ["one", "two"]


def test_instances_that_cannot_be_counted_are_reported_even_without_a_limit():
    quota: dict[str, Any] = {"dev": {"families": {"*": {}}}}
    lines = reported(job("one", count=UNKNOWN, team="vision"), vision=quota)
    instances = line(lines, "the number of instances", team="vision")
    assert (instances.allowed, instances.verdict) == (None, "unknown")
    assert line(lines, "the cost ceiling", team="vision").verdict == "unlimited"


def test_no_jobs_are_no_lines():
    assert reported() == []


@given(st.lists(st.integers(1, 4), max_size=5))
def test_the_sum_is_over_exactly_when_it_is_above_the_limit(counts: list[int]):
    lines = reported(*(job(str(number), count=count) for number, count in enumerate(counts)))
    over = [each for each in lines if each.verdict == "over"]
    assert bool(over) == (sum(counts) > LIMITS["instancesPerStack"])
