from __future__ import annotations

from typing import Any

import pytest

from tests.policies.subjects import STACK, job, limits, resource, violations
from training_policies.quotas.instance_types import INSTANCE_TYPES_POLICY
from training_policies.resource import MISSING, UNKNOWN


def judged(subject: Any, teams: dict[str, Any]) -> list[str]:
    found = violations(INSTANCE_TYPES_POLICY, subject, stack=STACK, teams=teams)
    return [violation.what for violation in found]


def test_a_type_that_the_lists_allow_and_a_quota_covers_passes():
    teams = limits(
        families={"g5": {}},
        accelerators={"NVIDIA A10G": {}},
        instanceTypes={"allow": ["ml.g5.*"], "deny": ["ml.g5.48xlarge"]},
    )
    assert judged(job(), teams) == []
    assert judged(job("ml.c5.xlarge"), limits(families={"*": {}})) == []


@pytest.mark.parametrize(
    ("instance_type", "table", "what"),
    [
        ("ml.p5.48xlarge", {"families": {"g5": {}}}, "the family p5 has no quota"),
        (
            "ml.p5.48xlarge",
            {"accelerators": {"NVIDIA A10G": {}}},
            "the accelerator NVIDIA H100 has no quota",
        ),
        ("ml.g5.2xlarge", {"instanceTypes": {"deny": ["ml.g5.*"]}}, "the instance type is denied"),
        (
            "ml.g5.2xlarge",
            {"instanceTypes": {"allow": ["ml.c*"]}},
            "the instance type is not allowed",
        ),
        ("ml.g5.2xlarge", {"instanceTypes": {"allow": []}}, "the instance type is not allowed"),
        ("ml.future.large", {}, "the instance type is in no price file"),
        (UNKNOWN, {}, "the instance type is not known"),
        (None, {}, "the instance type is not known"),
    ],
)
def test_a_type_outside_the_quotas_is_refused(instance_type: Any, table: dict[str, Any], what: str):
    assert judged(job(instance_type), limits(**table)) == [what]


def test_a_family_without_a_quota_has_a_remedy_that_names_where_quotas_are():
    (found,) = violations(
        INSTANCE_TYPES_POLICY,
        job("ml.p5.48xlarge"),
        stack=STACK,
        teams=limits(families={"g5": {}}),
    )
    assert found.remedy.endswith(
        "or have p5 added to `families` in the quotas of the team research in dev, under `teams` "
        "in the policies' configuration"
    )


def test_denied_comes_before_allowed():
    both = limits(instanceTypes={"allow": ["ml.g5.*"], "deny": ["ml.g5.*"]})
    assert judged(job(), both) == ["the instance type is denied"]


def test_groups_and_fallbacks_are_judged_too_and_each_type_once():
    groups = [{"InstanceType": name, "InstanceCount": 1} for name in ("ml.p5.48xlarge",) * 2]
    fallback = {"ResourceConfig": {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1}}
    subject = job(None, None, InstanceGroups=groups, inputs={"fallbacks": [fallback]})
    found = violations(
        INSTANCE_TYPES_POLICY, subject, stack=STACK, teams=limits(families={"g5": {}})
    )
    assert [violation.asked for violation in found] == ["ml.p5.48xlarge", "ml.p4d.24xlarge"]


def test_a_missing_type_is_shown_as_such():
    [violation] = violations(INSTANCE_TYPES_POLICY, job(None), stack=STACK, teams=limits())
    assert violation.asked is MISSING


def test_other_resources_are_not_judged():
    assert judged(resource("aws:ec2/instance:Instance", {"instanceType": UNKNOWN}), limits()) == []
