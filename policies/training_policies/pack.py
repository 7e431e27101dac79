"""All policies of the pack, as the engine takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi_policy

from training_policies.configuration import (
    Configuration,
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.enforcement import Enforcement
from training_policies.engine import (
    exemptions_warning,
    places_of_jobs,
    refusal,
    resource_policy,
    running_sums,
    stack_policy,
)
from training_policies.platform_rules import PLATFORM_POLICIES
from training_policies.policy import Policy, StackPolicy
from training_policies.quotas import QUOTA_POLICIES
from training_policies.stack_identity import is_preview, stack_name, stack_settings
from training_policies.training_rules import TRAINING_POLICIES
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS, OWN_ROLE

NAME = "sagemaker-training"
POLICIES: tuple[Policy | StackPolicy, ...] = (
    *QUOTA_POLICIES,
    *TRAINING_POLICIES,
    *PLATFORM_POLICIES,
)


def engine_policies() -> list[pulumi_policy.Policy]:
    """The policies as configured; without a usable configuration, one that refuses everything."""
    try:
        configuration = read_configuration(configuration_file(), POLICIES)
    except ConfigurationError as error:
        return [refusal(str(error))]
    return configured_policies(configuration)


def configured_policies(configuration: Configuration) -> list[pulumi_policy.Policy]:
    """The policies with the levels and parameters of a configuration."""
    today = datetime.now(UTC).date()
    enforcement = Enforcement(
        configuration, stack_name(), stack_settings(), today, is_preview=is_preview()
    )
    return [
        *(_in_engine(each, enforcement) for each in POLICIES),
        running_sums(
            {each.name: each for each in POLICIES if isinstance(each, StackPolicy)}, enforcement
        ),
        places_of_jobs((ARTIFACT_LOCATIONS, OWN_ROLE), enforcement),
        # Last, after all others have used their exemptions.
        exemptions_warning(enforcement),
    ]


def enforced_policies(configuration: Configuration) -> frozenset[str]:
    """The names of the policies that a preview with the pack runs: those not disabled."""
    return frozenset(
        each.name
        for each in configured_policies(configuration)
        if each.enforcement_level is not pulumi_policy.EnforcementLevel.DISABLED
    )


def _in_engine(policy: Policy | StackPolicy, enforcement: Enforcement) -> pulumi_policy.Policy:
    if isinstance(policy, Policy):
        return resource_policy(policy, enforcement)
    return stack_policy(policy, enforcement)
