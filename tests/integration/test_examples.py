"""The examples of programs of one's own, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from development.engine import Project
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.layout import CHECKOUT

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]


class Example(Stack):
    """A stack of an example, which finds `components` as its README says."""

    def environment(self) -> dict[str, str]:
        return super().environment() | {"PYTHONPATH": str(CHECKOUT)}

    def lineage(self, job: str) -> str:
        return f"examples-dev-{job}"


def test_the_platform_is_a_component_of_another_program(new_stack: NewStack):
    beside = new_stack({})
    program = Project("ml-platform", "examples/platform")
    preview = Example(beside.layout, beside.endpoint_url, {}, program=program).preview()
    preview.succeeded()
    assert "sagemaker-training:index:TrainingPlatform" in preview.text
    assert "vision-dev-network" in preview.text


def test_a_job_needs_only_a_network_a_role_and_a_bucket(new_stack: NewStack):
    # The platform's role allows what its jobs need, which is what this job needs.
    platform = new_stack(stack_with(launch=False, alike=counting_job()))
    platform.up().succeeded()
    made = platform.outputs()
    settings = {
        "subnetIds": made["private_subnet_ids"],
        "securityGroupId": made["training_security_group_id"],
        "roleArn": made["sagemaker_execution_role_arn"],
        "keyArn": made["artifact_key_arn"],
        "bucket": made["artifact_bucket_name"],
    }
    program = Project("one-job", "examples/job")
    example = Example(platform.layout, platform.endpoint_url, settings, program=program)
    example.up().succeeded()
    job = example.wait_for_job("counting", lambda run: run["TrainingJobStatus"] != "InProgress")
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert example.outputs()["training_job_name"] == job["TrainingJobName"]
    assert example.up().succeeded().changes == {}
    example.destroy().succeeded()
