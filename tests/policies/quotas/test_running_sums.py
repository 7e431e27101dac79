from __future__ import annotations

from datetime import date
from typing import Any

import pulumi_policy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import STACK, TODAY, job, limits, tuning_job, violations
from training_policies.configuration import Configuration
from training_policies.enforcement import Enforcement
from training_policies.engine import STACK_TYPE, running_sums
from training_policies.exemptions import parse
from training_policies.policy import Parameters, StackPolicy
from training_policies.policy_run import OPTIONS, PROVIDER
from training_policies.quotas import QUOTA_POLICIES
from training_policies.quotas.per_stack import STACK_LIMITS, StackLimit
from training_policies.quotas.running_sums import RunningSums
from training_policies.resource import UNKNOWN, Resource
from training_policies.training_job import training_job

POLICIES = {policy.name: policy for policy in QUOTA_POLICIES if isinstance(policy, StackPolicy)}
COUNTS = st.lists(st.sampled_from([1, 2, 5, UNKNOWN]), min_size=1, max_size=6)


def refused(jobs: list[Resource], teams: dict[str, Any]) -> list[tuple[str, str]]:
    """The name of each job that is refused, and the policy."""
    sums, parameters = RunningSums(), Parameters({}, STACK, TODAY, teams)
    found = []
    for each in jobs:
        view = training_job(each)
        assert view is not None
        found += [(each.name, limit.policy) for limit, _ in sums.add(view, parameters)]
    return found


def test_the_job_that_breaks_a_sum_and_every_later_one_are_refused():
    jobs = [job(count=2, name=name) for name in ("one", "two", "three", "four")]
    assert refused(jobs, limits({"instancesPerStack": 4})) == [
        ("three", "quota-instances-per-stack"),
        ("four", "quota-instances-per-stack"),
    ]
    assert refused(jobs, limits({"instancesPerStack": 8})) == []
    assert refused(jobs, limits(None, {"g5": {"jobsAtOnce": 3}})) == [
        ("four", "quota-jobs-at-once")
    ]


@pytest.mark.parametrize("limit", STACK_LIMITS, ids=lambda limit: str(limit.key))
def test_what_is_refused_at_a_job_has_the_remedy_of_its_limit(limit: StackLimit):
    view = training_job(tuning_job(parallel=3))
    assert view is not None
    parameters = Parameters({}, STACK, TODAY, limits({limit.key: 0}))
    remedies = [each.remedy for found, each in RunningSums().add(view, parameters)]
    assert remedies == [limit.remedy]


def test_a_tuning_job_counts_its_parallel_trials():
    both = [job(count=2, name="one"), tuning_job(parallel=3, name="two")]
    assert refused(both, limits({"instancesPerStack": 8, "jobsAtOnce": 4})) == []
    assert refused(both, limits({"instancesPerStack": 7})) == [("two", "quota-instances-per-stack")]


@pytest.mark.parametrize("limit", STACK_LIMITS, ids=lambda limit: str(limit.key))
@given(counts=COUNTS, allowed=st.integers(0, 20))
def test_with_the_last_job_the_verdict_is_that_over_the_whole_stack(
    limit: Any, counts: list[Any], allowed: int
):
    jobs = [job(count=count, name=f"job-{index}") for index, count in enumerate(counts)]
    teams = limits({limit.key: allowed})
    whole = bool(violations(POLICIES[limit.policy], jobs, stack=STACK, teams=teams))
    assert ((jobs[-1].name, limit.policy) in refused(jobs, teams)) == whole


def in_engine(
    jobs: list[Resource],
    exemptions: list[dict[str, str]],
    is_preview: bool = False,
    **policies: Any,
) -> list[tuple[str, str]]:
    """What two runs of the engine report, each of which registers the stack first."""
    values = {"teams": limits({"instancesPerStack": 4}), "policies": policies}
    configuration = Configuration("organisation.json", values, tuple(map(parse, exemptions)))
    settings = {"team": "research", "environment": "dev"}
    enforcement = Enforcement(
        configuration, "research-dev", settings, date(2026, 6, 1), is_preview=is_preview
    )
    policy = running_sums(POLICIES, enforcement)
    root = Resource(STACK_TYPE, "dev", "urn", {})
    found: list[tuple[str, str]] = []
    for each in [root, *jobs, root, *jobs]:

        def report(text: str, _: str | None = None, name: str = each.name) -> None:
            found.append((name, text))

        args = pulumi_policy.ResourceValidationArgs(
            each.type, each.properties, each.urn, each.name, OPTIONS, PROVIDER, {}, {}
        )
        policy.validate(args, report)
    return found


def test_each_run_of_the_engine_counts_from_nothing():
    assert in_engine([job(count=4)], []) == []
    found = in_engine([job(count=4), job(count=1, name="more")], [])
    assert [name for name, _ in found] == ["more", "more"]
    assert "quota-instances-per-stack, with the jobs registered before: " in found[0][1]
    assert "asked 5 (digits 4, more 1), allowed 4" in found[0][1]


def test_in_a_preview_only_the_policy_over_the_whole_stack_says_what_is_broken():
    over = [job(count=4), job(count=1, name="more")]
    assert in_engine(over, [])
    assert in_engine(over, [], is_preview=True) == []
    teams = limits({"instancesPerStack": 4})
    [violation] = violations(POLICIES["quota-instances-per-stack"], over, stack=STACK, teams=teams)
    assert violation.asked == "5 (digits 4, more 1)"


@given(counts=COUNTS, allowed=st.integers(0, 20))
def test_no_job_breaks_a_sum_that_the_whole_stack_keeps(counts: list[Any], allowed: int):
    jobs = [job(count=count, name=f"job-{index}") for index, count in enumerate(counts)]
    for limit in STACK_LIMITS:
        teams = limits({limit.key: allowed})
        whole = bool(violations(POLICIES[limit.policy], jobs, stack=STACK, teams=teams))
        assert bool(refused(jobs, teams)) == whole


def test_level_and_exemptions_are_those_of_the_policy_over_the_whole_stack():
    over = [job(count=5)]
    exemption = {
        "policy": "quota-instances-per-stack",
        "resource": "research-dev",
        "resourceType": "pulumi:pulumi:Stack",
        "reason": "a deadline in July",
        "owner": "ada@example.org",
        "expires": "2026-07-31",
    }
    assert in_engine(over, [])
    assert in_engine(over, [exemption]) == []
    for level in ("advisory", "disabled"):
        levels: dict[str, Any] = {"quota-instances-per-stack": {"level": level}}
        assert in_engine(over, [], **levels) == []
