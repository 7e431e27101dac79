from __future__ import annotations

from datetime import date
from typing import Any

import pulumi_policy
import pytest

from tests.policies.platform_rules.cases import ACCOUNT, FOREIGN, ROLE, allow, text
from tests.policies.subjects import resource, violations
from training_policies.configuration import Configuration
from training_policies.enforcement import Enforcement
from training_policies.engine import resource_policy
from training_policies.platform_rules.resource_policies import RESOURCE_POLICIES
from training_policies.policy_run import OPTIONS
from training_policies.resource import UNKNOWN, as_the_sdk_sends

TYPE = "aws:ecr/repositoryPolicy:RepositoryPolicy"


def said(principal: str, **provider: Any) -> list[str]:
    """What the engine's policy says of a repository that a principal may read."""
    settings = {"team": "research", "environment": "dev"}
    enforcement = Enforcement(Configuration("c.json", {}), "dev", settings, date(2026, 1, 1))
    policy = pulumi_policy.PolicyProviderResource(
        "pulumi:providers:aws", as_the_sdk_sends(provider), "urn", "aws"
    )
    document = {"policy": text(allow("ecr:BatchGetImage", Principal={"AWS": principal}))}
    args = pulumi_policy.ResourceValidationArgs(
        TYPE, as_the_sdk_sends(document), "urn", "images", OPTIONS, policy, {}, {}
    )
    found: list[str] = []
    validate: Any = resource_policy(RESOURCE_POLICIES, enforcement).validate
    validate(args, lambda text, _=None: found.append(text))
    return found


@pytest.mark.parametrize("allowed", [f'["{ACCOUNT}"]', [ACCOUNT]])
def test_the_only_account_that_the_provider_accepts_is_the_stacks_own(allowed: Any):
    assert said(ROLE, allowedAccountIds=allowed) == []
    assert len(said(FOREIGN, allowedAccountIds=allowed)) == 1


@pytest.mark.parametrize("allowed", [f'["{ACCOUNT}", "999999999999"]', "[", [], UNKNOWN, None])
def test_a_provider_that_accepts_several_accounts_names_none(allowed: Any):
    for principal in (ROLE, FOREIGN):
        assert len(said(principal, allowedAccountIds=allowed)) == 1


def test_the_message_has_the_line_that_allows_the_account():
    document = {"policy": text(allow("ecr:BatchGetImage", Principal={"AWS": FOREIGN}))}
    values = {"trustedAccounts": [ACCOUNT]}
    [found] = violations(RESOURCE_POLICIES, resource(TYPE, document), values)
    line = f'"policies": {{"{RESOURCE_POLICIES.name}": {{"trustedAccounts": ["{ACCOUNT}", '
    assert f'{line}"999999999999"]}}}}' in found.remedy
    trusted = [ACCOUNT, "999999999999"]
    assert not violations(RESOURCE_POLICIES, resource(TYPE, document), {"trustedAccounts": trusted})
