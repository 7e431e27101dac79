"""Each limit of one job: kept, exceeded, without a value, unknown, and on other resources."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policies.subjects import STACK, job, limits, resource, tuning_job, violations
from training_policies.policy import Policy
from training_policies.quotas import QUOTA_POLICIES
from training_policies.quotas.quota import LIMITS_SCHEMA
from training_policies.resource import UNKNOWN
from training_policies.training_job import AWS_TYPE, OWN_TYPE
from training_policies.tuning import AWS_TUNING_TYPE, OWN_TUNING_TYPE

POLICIES = {policy.name: policy for policy in QUOTA_POLICIES if isinstance(policy, Policy)}
FALLBACK = {
    "ResourceConfig": {"InstanceType": "ml.g5.48xlarge", "InstanceCount": 2},
    "EnableManagedSpotTraining": False,
    "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
}
NAMES = [
    "request",
    "ResourceConfig",
    "InstanceType",
    "InstanceCount",
    "InstanceGroups",
    "StoppingCondition",
    "MaxRuntimeInSeconds",
    "EnableManagedSpotTraining",
    "DebugRuleConfigurations",
    "fallbacks",
    "relaunch",
    "max_attempts",
    "Tags",
    "Key",
    "tuning",
    "ResourceLimits",
    "MaxParallelTrainingJobs",
    "TrainingJobDefinition",
]
PLANNED = {
    "spot": False,
    "wait": None,
    "TrainingPlanArn": "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027",
}
PREFERRED = {
    "instance_type": None,
    "count": None,
    "spot": False,
    "runtime": 7200,
    "wait": None,
    "InstancePreferences": [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
        {"InstanceType": "ml.g5.48xlarge", "InstanceCount": 2},
    ],
}
TRIED_AGAIN = {"relaunch": "onFailure", "max_attempts": 3}

# policy, limit, allowed, a job that just keeps it
KEPT = [
    ("quota-instances-per-job", "instancesPerJob", 2, {}),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 2, {}),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 0, {"instance_type": "ml.c5.xlarge"}),
    ("quota-spot-only", "spotOnly", True, {}),
    ("quota-spot-only", "spotOnly", False, {"spot": False}),
    ("quota-runtime", "maxRuntime", "1h", {}),
    ("quota-runtime", "maxRuntime", 10_800, {"inputs": TRIED_AGAIN}),
    ("quota-wait", "maxWait", "2h", {}),
    ("quota-wait", "maxWait", 0, {"spot": False, "wait": None}),
    ("quota-cost-per-job", "costPerJobUsd", 3.54, {}),
    # A training plan is paid for already, and is not on-demand capacity.
    ("quota-cost-per-job", "costPerJobUsd", 0, PLANNED),
    ("quota-spot-only", "spotOnly", True, PLANNED),
]
# policy, limit, allowed, a job that exceeds it, what is asked and allowed in words
EXCEEDED = [
    ("quota-instances-per-job", "instancesPerJob", 1, {}, "2", "1"),
    ("quota-instances-per-job", "instancesPerJob", 0, {"count": 1}, "1", "0"),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 1, {}, "2", "1"),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 7, {"instance_type": "ml.p4d.24xlarge",
      "count": 1}, "8", "7"),
    ("quota-spot-only", "spotOnly", True, {"spot": False}, "on-demand capacity", "spot only"),
    ("quota-spot-only", "spotOnly", True, {"spot": None}, "on-demand capacity", "spot only"),
    ("quota-runtime", "maxRuntime", "30m", {}, "1 h", "30 min"),
    ("quota-runtime", "maxRuntime", "2h", {"inputs": TRIED_AGAIN}, "3 h", "2 h"),
    ("quota-wait", "maxWait", "90m", {}, "2 h", "1 h 30 min"),
    ("quota-cost-per-job", "costPerJobUsd", 3.53, {}, "3.54 USD", "3.53 USD"),
    ("quota-cost-per-job", "costPerJobUsd", 10, {"inputs": TRIED_AGAIN}, "10.61 USD", "10.00 USD"),
    ("quota-cost-per-job", "costPerJobUsd", 4, {"KeepAlivePeriodInSeconds": 3600}, "6.57 USD",
     "4.00 USD"),
    # On a training plan, too, instances count; what may be no plan is on demand.
    ("quota-instances-per-job", "instancesPerJob", 1, PLANNED, "2", "1"),
    ("quota-cost-per-job", "costPerJobUsd", 1, {**PLANNED, "spot": True, "wait": 7200}, "3.54 USD",
     "1.00 USD"),
    ("quota-cost-per-job", "costPerJobUsd", 1, {**PLANNED, "TrainingPlanArn": UNKNOWN}, "3.54 USD",
     "1.00 USD"),
    ("quota-spot-only", "spotOnly", True, {**PLANNED, "TrainingPlanArn": "a plan"},
     "on-demand capacity", "spot only"),
    ("quota-cost-per-job", "costPerJobUsd", 1, {**PLANNED, "inputs": {"fallbacks": [FALLBACK]}},
     "88.23 USD", "1.00 USD"),
    # So do preferences.
    ("quota-accelerators-per-job", "acceleratorsPerJob", 15, PREFERRED, "16", "15"),
    ("quota-cost-per-job", "costPerJobUsd", 1, PREFERRED, "88.23 USD", "1.00 USD"),
    ("quota-instances-per-job", "instancesPerJob", 9, PREFERRED | {"instance_type": "ml.c5.xlarge"},
     "a number that is not known", "9"),
    # A fallback counts at its worst.
    ("quota-instances-per-job", "instancesPerJob", 4,
     {"inputs": {"fallbacks": [FALLBACK | {"ResourceConfig": {"InstanceType": "ml.m5.large",
      "InstanceCount": 5}}]}}, "5", "4"),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 15, {"inputs": {"fallbacks": [FALLBACK]}},
     "16", "15"),
    ("quota-spot-only", "spotOnly", True, {"inputs": {"fallbacks": [FALLBACK]}},
     "on-demand capacity", "spot only"),
    ("quota-runtime", "maxRuntime", "1h", {"inputs": {"fallbacks": [FALLBACK]}}, "2 h", "1 h"),
    ("quota-cost-per-job", "costPerJobUsd", 3.54, {"inputs": {"fallbacks": [FALLBACK]}},
     "88.23 USD", "3.54 USD"),
]  # fmt: skip
# policy, limit, allowed, values that the policy needs: each of them missing or unknown is refused
NEEDED: list[tuple[str, str, Any, list[str]]] = [
    ("quota-instances-per-job", "instancesPerJob", 100, ["instance_type", "count"]),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 100, ["instance_type", "count"]),
    ("quota-runtime", "maxRuntime", "28d", ["runtime"]),
    ("quota-wait", "maxWait", "28d", ["wait"]),
    ("quota-cost-per-job", "costPerJobUsd", 1e9, ["instance_type", "count", "runtime"]),
]


@pytest.mark.parametrize(("policy", "limit", "allowed", "changes"), KEPT)
def test_a_job_that_keeps_a_limit_passes(
    policy: str, limit: str, allowed: Any, changes: dict[str, Any]
):
    teams = limits({limit: allowed})
    assert not violations(POLICIES[policy], job(**changes), stack=STACK, teams=teams)


@pytest.mark.parametrize(("policy", "limit", "allowed", "changes", "asked", "in_words"), EXCEEDED)
def test_the_violation_of_a_limit_has_both_numbers(
    policy: str, limit: str, allowed: Any, changes: dict[str, Any], asked: str, in_words: str
):
    teams = limits({limit: allowed})
    [violation] = violations(POLICIES[policy], job(**changes), stack=STACK, teams=teams)
    assert (violation.asked, violation.allowed) == (asked, in_words)
    assert "digits, all instances" in violation.what


# policy, limit, what a tuning job of 20 trials takes, a limit that is too low, both in words, and
# the limits of the tuning that are needed
TUNED = [
    ("quota-instances-per-job", "instancesPerJob", 8, 7, "8", "7", ["parallel"]),
    ("quota-accelerators-per-job", "acceleratorsPerJob", 8, 7, "8", "7", ["parallel"]),
    ("quota-runtime", "maxRuntime", "1h", "59m", "1 h", "59 min", []),
    ("quota-trials", "maxTrials", 20, 19, "20", "19", ["trials"]),
    ("quota-cost-per-job", "costPerJobUsd", 70.7, 70, "70.70 USD", "70.00 USD", ["trials"]),
]


@pytest.mark.parametrize("absent", [None, UNKNOWN])
@pytest.mark.parametrize(("policy", "limit", "kept", "low", "asked", "in_words", "needed"), TUNED)
def test_a_tuning_job_counts_all_its_trials(
    policy: str,
    limit: str,
    kept: Any,
    low: Any,
    asked: str,
    in_words: str,
    needed: list[str],
    absent: Any,
):
    def found(allowed: Any, **changes: Any) -> list[Any]:
        teams = limits({limit: allowed})
        return violations(POLICIES[policy], tuning_job(**changes), stack=STACK, teams=teams)

    assert not found(kept)
    [violation] = found(low)
    assert (violation.asked, violation.allowed) == (asked, in_words)
    assert "tuning." in violation.remedy or limit == "maxRuntime"
    for name in needed:
        [violation] = found(1e9, **{name: absent})
        assert violation.asked == "a number that is not known"


def test_no_job_but_a_tuning_job_has_trials():
    assert not violations(POLICIES["quota-trials"], job(), teams=limits({"maxTrials": 0}))


@pytest.mark.parametrize("absent", [None, UNKNOWN])
@pytest.mark.parametrize(("policy", "limit", "allowed", "needed"), NEEDED)
def test_what_is_missing_or_unknown_is_refused(
    policy: str, limit: str, allowed: Any, needed: list[str], absent: Any
):
    for value in needed:
        subject = job(**{value: absent})
        teams = limits({limit: allowed})
        [violation] = violations(POLICIES[policy], subject, stack=STACK, teams=teams)
        assert violation.asked == "a number that is not known"
        assert "plain values" in violation.remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"spot": UNKNOWN},
        {"inputs": {"fallbacks": [{"EnableManagedSpotTraining": UNKNOWN}]}},
    ],
)
def test_an_unknown_spot_flag_is_not_taken_for_spot(changes: dict[str, Any]):
    subject, teams = job(**changes), limits({"spotOnly": True})
    [violation] = violations(POLICIES["quota-spot-only"], subject, stack=STACK, teams=teams)
    assert violation.asked == "a number that is not known"


@pytest.mark.parametrize("policy", POLICIES)
def test_no_quota_judges_another_resource(policy: str):
    others = [
        resource("aws:s3/bucket:Bucket", {"bucket": "ml.p5.48xlarge"}),
        resource("pulumi-python:dynamic/sagemaker:TrainingJobCompletion", {"region": UNKNOWN}),
        resource("pulumi:pulumi:Stack", {}),
    ]
    nothing_allowed = limits({"instancesPerJob": 0, "maxRuntime": 0, "costPerJobUsd": 0})
    assert not violations(POLICIES[policy], others, stack=STACK, teams=nothing_allowed)


def test_a_job_by_another_route_is_held_to_the_same_limit():
    aws = resource(
        AWS_TYPE, {"resourceConfig": {"instanceType": "ml.g5.xlarge", "instanceCount": 3}}
    )
    teams = limits({"instancesPerJob": 2})
    [violation] = violations(POLICIES["quota-instances-per-job"], aws, stack=STACK, teams=teams)
    assert violation.asked == "3"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 9)
    | st.floats()
    | st.sampled_from([UNKNOWN, "", "ml.g5.xlarge", "ml.", "onFailure", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    st.sampled_from([OWN_TYPE, OWN_TUNING_TYPE, AWS_TUNING_TYPE, "pulumi-python:dynamic/a:B"]),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=4),
)
def test_no_value_of_any_property_brings_a_quota_down(type_: str, properties: dict[str, Any]):
    subject = resource(type_, properties)
    teams = limits(dict.fromkeys(LIMITS_SCHEMA["properties"], 1), accelerators={"*": {}})
    for policy in QUOTA_POLICIES:
        for violation in violations(policy, subject, stack=STACK, teams=teams):
            assert str(violation)


def test_limits_of_a_family_and_of_an_accelerator_count_only_their_own_instances():
    groups = [
        {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2},
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 6},
    ]
    mixed = job(None, None, InstanceGroups=groups)
    policy = POLICIES["quota-instances-per-job"]
    kept = limits({}, {"g5": {"instancesPerJob": 2}, "c5": {"instancesPerJob": 6}})
    assert not violations(policy, mixed, stack=STACK, teams=kept)
    broken = limits(
        {"instancesPerJob": 7},
        {"g5": {"instancesPerJob": 1}, "*": {"instancesPerJob": 5}},
        accelerators={"NVIDIA A10G": {"instancesPerJob": 0}},
    )
    found = violations(policy, mixed, stack=STACK, teams=broken)
    assert [(each.what.rpartition("digits, ")[2], each.asked) for each in found] == [
        ("all instances", "8"),
        ("the family c5", "6"),
        ("the family g5", "2"),
        ("the accelerator NVIDIA A10G", "2"),
    ]
