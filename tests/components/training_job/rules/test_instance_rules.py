"""The instances of a job: types, groups and fallbacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import GROUPS, problems, stack

PLAN = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
PREFERENCES = [
    {"instanceType": "ml.p5.48xlarge"},
    {"instanceType": "ml.p4d.24xlarge", "instanceCount": 2},
]
RELAUNCHED = {"relaunch": "onFailure"}

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"instanceType": "ml.g5.2xlage"}, "jobs.digits.instanceType", "ml.g5.2xlarge"),
    ({"instanceGroups": GROUPS, "instanceType": "ml.c5.xlarge"}, "jobs.digits.instanceType",
     "remove it, or instanceGroups"),
    ({"instanceGroups": GROUPS, "instanceCount": 2}, "jobs.digits.instanceCount", "remove it"),
    ({"instanceGroups": {"cpu": {"instanceType": "ml.c5.xlage"}}},
     "jobs.digits.instanceGroups.cpu.instanceType", "ml.c5.xlarge"),
    ({"instanceGroups": {"a,b": {"instanceType": "ml.c5.xlarge"}}},
     "jobs.digits.instanceGroups.a,b", "another name"),
    ({"instanceGroups": GROUPS, "distributionGroups": ["gpu"]},
     "jobs.digits.distributionGroups", "set distribution"),
    ({"instanceGroups": GROUPS, "distribution": "jax", "distributionGroups": ["tpu"]},
     "jobs.digits.distributionGroups.0", "cpu, gpu"),
    ({"trainingPlan": PLAN}, "jobs.digits.trainingPlan", "set spot: false"),
    ({"trainingPlan": PLAN, "spot": False, "instanceGroups": GROUPS}, "jobs.digits.trainingPlan",
     "instead"),
    ({"trainingPlan": PLAN, "spot": False, "keepAlive": "30m"}, "jobs.digits.trainingPlan",
     "remove keepAlive"),
    ({"trainingPlan": "spring-2027", "spot": False}, "jobs.digits.trainingPlan",
     "write arn:aws"),
    ({"extra": {"ResourceConfig": {"TrainingPlanArn": PLAN}}},
     "jobs.digits.extra.ResourceConfig.TrainingPlanArn", "use trainingPlan"),
    # preferences
    ({"instancePreferences": PREFERENCES}, "jobs.digits.instancePreferences", "set spot: false"),
    ({"instancePreferences": PREFERENCES, "spot": False, "instanceCount": 2},
     "jobs.digits.instanceCount", "or instancePreferences"),
    ({**RELAUNCHED, "instancePreferences": PREFERENCES, "spot": False,
      "fallbacks": [{"instanceType": "ml.g5.4xlarge"}]}, "jobs.digits.fallbacks",
     "or instancePreferences"),
    ({"instancePreferences": [*PREFERENCES, PREFERENCES[0]], "spot": False},
     "jobs.digits.instancePreferences.2.instanceType", "in the list already"),
    ({"instancePreferences": [{"instanceType": "ml.g5.2xlage"}], "spot": False},
     "jobs.digits.instancePreferences.0.instanceType", "ml.g5.2xlarge"),
    # fallbacks
    ({"fallbacks": [{"spot": False}]}, "jobs.digits.fallbacks", "relaunch: onFailure"),
    ({**RELAUNCHED, "fallbacks": [{}]}, "jobs.digits.fallbacks.0", "changes nothing"),
    ({**RELAUNCHED, "fallbacks": [{"spot": False}] * 3}, "jobs.digits.fallbacks",
     "set maxAttempts to 4 or more"),
    ({**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.2xlage"}]},
     "jobs.digits.fallbacks.0.instanceType", "ml.g5.2xlarge"),
    ({**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.2xlarge"}], "instanceGroups": GROUPS},
     "jobs.digits.fallbacks.0.instanceType", "spot can still change"),
    ({**RELAUNCHED, "fallbacks": [{"instanceCount": 4}], "instanceGroups": GROUPS},
     "jobs.digits.fallbacks.0.instanceCount", "spot can still change"),
    ({**RELAUNCHED, "fallbacks": [{"instanceCount": 0}]},
     "jobs.digits.fallbacks.0.instanceCount", "must be 1 or more"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_wrong_instances_are_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])


RIGHT: list[dict[str, Any]] = [
    {"instanceGroups": GROUPS, "distribution": "torchrun", "distributionGroups": ["gpu"]},
    {**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.4xlarge"}, {"spot": False}]},
    {**RELAUNCHED, "fallbacks": [{"instanceCount": 4}]},
    {"instanceType": "ml.z9.large", "unlistedInstanceType": True},
    {"maxPending": "1h"},
    {"instancePreferences": PREFERENCES, "spot": False, "maxPending": "1h"},
    {**RELAUNCHED, "trainingPlan": PLAN, "spot": False, "fallbacks": [{"spot": True}]},
]  # fmt: skip


@pytest.mark.parametrize("job", RIGHT, ids=str)
def test_right_instances_are_accepted(project: Path, job: dict[str, Any]) -> None:
    assert problems(stack(job), project) == {}
