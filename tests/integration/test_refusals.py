"""Settings of the platform that are refused at preview, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]


def test_everything_wrong_with_a_platform_is_reported_with_path_value_rule_and_remedy(
    new_stack: NewStack,
):
    stack = new_stack(stack_with(work=counting_job()))
    stack.settings |= {
        "network": {
            "cidr": "172.17.0.0/16",
            "interfaceEndpoints": ["logs", "ecr"],
        },
        "artifacts": {"retain": False, "existingBucket": "kept", "vpcOnly": True},
        "alerts": {"emails": ["ml@example.com", "someone"]},
        "deployer": {"trustedPrincipals": ["*"]},
    }
    reported = preview_errors(stack)
    for path, value, rule, remedy in (
        ("network.cidr", '"172.17.0.0/16"', "overlaps 172.17.0.0/16", "choose another range"),
        ("network.interfaceEndpoints.1", '"ecr"', "is not the name of an", "did you mean ecr.api"),
        ("artifacts.existingBucket", '"kept"', "is never deleted", "artifacts.retain: true"),
        ("artifacts.vpcOnly", "true", "would be locked out", "artifacts.exemptPrincipals"),
        ("alerts.emails.1", '"someone"', "is not an e-mail address", "name@example.org"),
        ("deployer.trustedPrincipals.0", '"*"', "one role or user", "role/pipeline"),
    ):
        problem = reported.partition(f"{path}: {value} — ")[2].partition(" — ")[0]
        assert rule in problem
        assert remedy in problem.partition("Remedy: ")[2]
    assert reported.count("Remedy: ") == 6
    assert "Traceback" not in reported


@pytest.mark.deep
def test_a_public_range_is_refused(new_stack: NewStack):
    stack = new_stack(stack_with(work=counting_job()) | {"network": {"cidr": "8.8.0.0/16"}})
    assert 'network.cidr: "8.8.0.0/16" — is not private' in preview_errors(stack)


@pytest.mark.deep
def test_more_zones_than_the_region_has_are_refused(new_stack: NewStack):
    stack = new_stack(stack_with(work=counting_job()))
    stack.settings["network"] = {"availabilityZones": 4}
    reported = preview_errors(stack, "--config", "aws:region=us-west-1")
    assert "network.availabilityZones: 4 — the region has 2 standard zones" in reported
    assert "Remedy: ask for at most 2" in reported


@pytest.mark.deep
def test_a_boundary_of_another_account_is_refused(new_stack: NewStack):
    boundary = "arn:aws:iam::210987654321:policy/boundary"
    stack = new_stack(stack_with(work=counting_job()) | {"permissionsBoundary": boundary})
    reported = preview_errors(stack)
    assert (
        f'permissionsBoundary: "{boundary}" — is a policy of the account 210987654321' in reported
    )
    assert "Remedy: name a policy of that account" in reported


def preview_errors(stack: Stack, *options: str) -> str:
    """What a preview that fails says, and that it created nothing."""
    result = stack.preview(*options).failed()
    assert [each for each in stack.resources() if each["type"].startswith("aws:")] == []
    return " ".join(result.text.split())
