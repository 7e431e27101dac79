"""What a pipeline does, and whether its role lets it, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.components.policies import actions
from tests.integration.engine import Stack
from tests.integration.full_platform.options import PIPELINE
from tests.integration.recorded_calls import recorded_calls
from tests.integration.settings import FOREVER, counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]


def test_a_deployers_role_covers_what_preview_refresh_and_launch_call(
    cloud: str, new_stack: NewStack
):
    """An administrator builds the stack; a pipeline then launches and pauses its job.

    It also previews what only an administrator may then change: the watchdog's definition.
    The local cloud enforces no policy, so the calls are noted and checked against it by name.
    """
    stack = new_stack(stack_with(work=counting_job(FOREVER), launch=False))
    stack.settings["alerts"] = {
        "prolonged": {"after": "12h"},
        "monthlyBudgetUsd": 100,
        "slack": {"workspaceId": "T0123456789", "channelId": "C9876543210"},
    }
    stack.settings["preflight"] = True
    stack.settings["deployer"] = {"trustedPrincipals": [PIPELINE]}
    stack.up().succeeded()
    granted = actions(policy_of(stack))

    with recorded_calls(cloud) as (url, called):
        stack.endpoint_url = url
        stack.preview().succeeded()
        stack.settings["alerts"]["prolonged"]["after"] = "13h"
        stack.preview().succeeded()
        stack.settings["alerts"]["prolonged"]["after"] = "12h"
        stack.refresh().succeeded()
        stack.settings["enableTrainingJob"] = True
        upload = {"path": "tests/integration/settings.py"}
        stack.settings["jobs"]["work"]["inputs"] = {"more": upload}
        stack.up().succeeded()
        stack.settings["jobs"]["work"]["paused"] = True
        stack.up().succeeded()
        stack.endpoint_url = cloud
    assert {
        "s3:PutObject",
        "chatbot:DescribeSlackChannelConfigurations",
        "sagemaker:CreateTrainingJob",
        "sagemaker:StopTrainingJob",
        "states:ValidateStateMachineDefinition",
    } <= called
    assert called - granted == set()


def policy_of(stack: Stack) -> dict[str, Any]:
    """The policy of the stack's deployer role."""
    iam, role = stack.client("iam"), stack.outputs()["deployer_role_arn"].rpartition("/")[2]
    [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return dict(document if isinstance(document, dict) else json.loads(document))
