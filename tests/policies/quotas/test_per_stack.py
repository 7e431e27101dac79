from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import STACK, job, limits, resource, tuning_job, violations
from training_policies.instances import instance_types
from training_policies.policy import StackPolicy
from training_policies.quotas import QUOTA_POLICIES
from training_policies.resource import UNKNOWN, Resource

POLICIES = {policy.name: policy for policy in QUOTA_POLICIES if isinstance(policy, StackPolicy)}
TWO = [job(name="one"), job("ml.g5.48xlarge", 1, name="two")]

# policy, limit, what the two jobs take together
SUMS = [
    ("quota-instances-per-stack", "instancesPerStack", 3),
    ("quota-accelerators-per-stack", "acceleratorsPerStack", 10),
    ("quota-jobs-at-once", "jobsAtOnce", 2),
    ("quota-cost-per-stack", "costPerStackUsd", 27.29),
]
ASKED = {
    "quota-instances-per-stack": "3 (one 2, two 1)",
    "quota-accelerators-per-stack": "10 (one 2, two 8)",
    "quota-jobs-at-once": "2 (one 1, two 1)",
    "quota-cost-per-stack": "27.29 USD (one 3.54 USD, two 23.75 USD)",
}


def judged(name: str, jobs: list[Resource], teams: dict[str, Any]) -> list[Any]:
    return violations(POLICIES[name], jobs, stack=STACK, teams=teams)


@pytest.mark.parametrize(("policy", "limit", "together"), SUMS)
def test_a_sum_within_its_limit_passes_and_one_above_is_reported_by_job(
    policy: str, limit: str, together: float
):
    assert not judged(policy, TWO, limits({limit: together + 0.01}))
    [violation] = judged(policy, TWO, limits({limit: together - 1}))
    assert violation.asked == ASKED[policy]
    assert "the stack, all instances" in violation.what


@pytest.mark.parametrize(("policy", "limit", "_"), SUMS)
@pytest.mark.parametrize("absent", [None, UNKNOWN])
def test_a_job_that_cannot_be_counted_is_named(policy: str, limit: str, _: float, absent: Any):
    jobs = [*TWO, job(absent, absent, name="three", runtime=absent)]
    found = judged(policy, jobs, limits({limit: 1e9}))
    if policy == "quota-jobs-at-once":
        assert not found
    else:
        [violation] = found
        assert violation.asked == "a number that is not known, because of three"


@pytest.mark.parametrize(("policy", "limit", "_"), SUMS)
def test_what_is_no_job_counts_for_nothing(policy: str, limit: str, _: float):
    others = [resource("aws:s3/bucket:Bucket", {}), resource("pulumi:pulumi:Stack", {})]
    assert not judged(policy, others, limits({limit: 0}))
    assert not judged(policy, [], limits({limit: 0}))


@pytest.mark.parametrize("launch", [True, False, UNKNOWN])
def test_a_job_counts_whether_it_is_launched_or_not(launch: Any):
    waiting = job(inputs={"launch": launch, "paused": launch})
    [violation] = judged("quota-jobs-at-once", [waiting], limits({"jobsAtOnce": 0}))
    assert violation.asked == "1 (digits 1)"


def test_jobs_of_the_same_name_count_each():
    twins = [job(), job()]
    [violation] = judged("quota-instances-per-stack", twins, limits({"instancesPerStack": 3}))
    assert violation.asked == "4 (digits 2, digits 2)"


def test_a_tuning_job_is_as_many_jobs_as_run_at_once():
    both = [job(name="one"), tuning_job(parallel=3, name="two")]
    for policy, limit, asked in (
        ("quota-instances-per-stack", "instancesPerStack", "8 (one 2, two 6)"),
        ("quota-jobs-at-once", "jobsAtOnce", "4 (one 1, two 3)"),
        ("quota-cost-per-stack", "costPerStackUsd", "74.23 USD (one 3.54 USD, two 70.70 USD)"),
        ("quota-tuning-cost-per-stack", "tuningCostPerStackUsd", "70.70 USD (two 70.70 USD)"),
    ):
        [violation] = judged(policy, both, limits({limit: 3}))
        assert violation.asked == asked
        if limit != "tuningCostPerStackUsd":
            unknown = [job(name="one"), tuning_job(parallel=UNKNOWN, trials=UNKNOWN, name="two")]
            [violation] = judged(policy, unknown, limits({limit: 1e9}))
            assert violation.asked.endswith("because of two")
    assert not judged("quota-tuning-cost-per-stack", TWO, limits({"tuningCostPerStackUsd": 0}))


def test_a_family_is_summed_apart_from_the_others():
    jobs = [job(name="one"), job("ml.c5.xlarge", 5, name="two")]
    families = {"g5": {"instancesPerStack": 1}, "c5": {"instancesPerStack": 5}}
    [violation] = judged("quota-instances-per-stack", jobs, limits({}, families))
    assert (violation.what[-13:], violation.asked) == ("the family g5", "2 (one 2)")


counted = st.lists(
    st.tuples(st.sampled_from(sorted(instance_types())), st.integers(1, 100)), max_size=6
)


@given(counted, st.integers(0, 400))
def test_a_sum_is_refused_exactly_when_it_is_above_the_limit(
    taken: list[tuple[str, int]], allowed: int
):
    jobs = [job(name, count, name=str(number)) for number, (name, count) in enumerate(taken)]
    found = judged("quota-instances-per-stack", jobs, limits({"instancesPerStack": allowed}))
    assert bool(found) == (sum(count for _, count in taken) > allowed)


@given(counted, st.randoms(use_true_random=False))
def test_the_order_of_jobs_changes_no_verdict(
    taken: list[tuple[str, int]], shuffler: random.Random
):
    jobs = [job(name, count, name=str(number)) for number, (name, count) in enumerate(taken)]
    mixed = shuffler.sample(jobs, len(jobs))
    teams = limits({"costPerStackUsd": 50, "acceleratorsPerStack": 20, "jobsAtOnce": 2})
    for name in POLICIES:
        assert bool(judged(name, jobs, teams)) == bool(judged(name, mixed, teams))


@given(counted.filter(bool))
def test_one_more_job_never_makes_a_refused_stack_pass(taken: list[tuple[str, int]]):
    jobs = [job(name, count, name=str(number)) for number, (name, count) in enumerate(taken)]
    teams = limits({"costPerStackUsd": 50, "instancesPerStack": 20, "acceleratorsPerStack": 8})
    for name in POLICIES:
        if judged(name, jobs[:-1], teams):
            assert judged(name, jobs, teams)
