"""Each rule for the platform's resources: compliant, violating, missing, unknown, irrelevant."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.policies.platform_rules.bucket_cases import BUCKET_CASES
from tests.policies.platform_rules.cases import Case
from tests.policies.platform_rules.identity_cases import IDENTITY_CASES
from tests.policies.platform_rules.network_cases import NETWORK_CASES
from training_policies.harness import resource, violations
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.policy import Policy
from training_policies.resource import UNKNOWN

POLICIES = {policy.name: policy for policy in PLATFORM_POLICIES}
CASES = (*BUCKET_CASES, *IDENTITY_CASES, *NETWORK_CASES)


def is_violated(case: Case, value: Any) -> bool:
    """Whether the rule says so of the property with this value; None leaves it out."""
    inputs = copy.deepcopy(case.inputs)
    *parents, last = case.path.split(".")
    found = inputs
    for part in parents:
        found = found.setdefault(part, {})
    found[last] = value
    return bool(violations(POLICIES[case.policy], resource(case.type, inputs), case.values))


NAMED = [pytest.param(each, id=f"{each.policy} {index}") for index, each in enumerate(CASES)]


@pytest.mark.parametrize("case", NAMED)
def test_what_is_compliant_passes(case: Case):
    assert [each for each in case.good if is_violated(case, each)] == []


@pytest.mark.parametrize("case", NAMED)
def test_what_is_not_is_a_violation(case: Case):
    assert [each for each in case.bad if not is_violated(case, each)] == []


@pytest.mark.parametrize("case", NAMED)
def test_what_is_missing_is_a_violation_where_the_default_is_no_good(case: Case):
    assert is_violated(case, None) is case.missing


@pytest.mark.parametrize("case", NAMED)
def test_what_is_unknown_is_a_violation_but_for_references(case: Case):
    assert is_violated(case, UNKNOWN) is case.unknown


@pytest.mark.parametrize("policy", PLATFORM_POLICIES, ids=lambda each: each.name)
def test_other_resources_are_not_judged(policy: Any):
    others = [
        resource("aws:ec2/eip:Eip", {"domain": "vpc"}),
        resource("aws:budgets/budget:Budget", {"policy": "nonsense", "forceDestroy": True}),
        resource("pulumi-python:dynamic/sagemaker:TrainingJob", {}),
    ]
    assert violations(policy, others) == []


def test_every_resource_policy_is_in_the_table():
    judged = {case.policy for case in CASES}
    assert [each.name for each in PLATFORM_POLICIES if isinstance(each, Policy)
            and each.name not in judged] == []  # fmt: skip
