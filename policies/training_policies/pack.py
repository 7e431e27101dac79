"""All policies of the pack, as the engine takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi_policy

from training_policies.engine import StackTags, resource_policy, stack_policy
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.policy import Parameters, Policy, Rule, Stack, StackPolicy
from training_policies.quotas import QUOTA_POLICIES
from training_policies.training_rules import TRAINING_POLICIES

NAME = "sagemaker-training"
POLICIES: tuple[Policy | StackPolicy, ...] = (
    *QUOTA_POLICIES,
    *TRAINING_POLICIES,
    *PLATFORM_POLICIES,
)


def engine_policies() -> list[pulumi_policy.Policy]:
    """The policies with the parameters of the configuration."""
    return [
        resource_policy(each, _parameters)
        if isinstance(each, Policy)
        else stack_policy(each, _parameters)
        for each in POLICIES
    ]


def _parameters(rule: Rule, tags: StackTags) -> Parameters:
    defaults = {
        name: schema["default"] for name, schema in rule.parameters.items() if "default" in schema
    }
    stack = Stack("", tags.get("team", ""), tags.get("environment", ""))
    return Parameters(defaults, stack, datetime.now(UTC).date())
