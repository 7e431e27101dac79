"""The examples of programs of one's own, by the commands of their pages, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.document_commands import Terminal, Walk
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from tests.integration.test_documents import checkout_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

PLATFORM = "examples/platform/README.md#The platform in a program of your own"
JOB = "examples/job/README.md#Only a training job"
LINEAGE = "examples-dev-counting"

NewStack = Callable[[dict[str, Any]], Stack]


@pytest.fixture
def platform(new_stack: NewStack) -> Stack:
    """A platform whose role allows what its jobs need, which is what the example's job needs."""
    return new_stack(stack_with(launch=False, alike=counting_job()))


@pytest.fixture
def terminal(platform: Stack, tmp_path: Path, plugins: Path) -> Iterator[Terminal]:
    """A terminal in a copy of the checkout, with the platform's account and backend."""
    checkout = checkout_with([], tmp_path / "checkout", plugins)
    platform.layout.state.mkdir(parents=True, exist_ok=True)
    confirmed = {"PULUMI_SKIP_CONFIRMATIONS": "true"}
    with Terminal(checkout, platform.environment() | confirmed) as terminal:
        yield terminal


@pytest.mark.runs(PLATFORM)
def test_the_platform_is_a_component_of_another_program(walk: Walk, terminal: Terminal):
    *_, preview = walk.section(
        terminal, PLATFORM,
        ("cd examples/platform", ""), ("pulumi stack init", "Created stack"),
        ("PYTHONPATH=../.. pulumi preview", "sagemaker-training:index:TrainingPlatform"),
    )  # fmt: skip
    assert "vision-dev-network" in preview


@pytest.mark.runs(JOB)
def test_a_job_needs_only_a_network_a_role_and_a_bucket(
    walk: Walk, terminal: Terminal, platform: Stack
):
    platform.up().succeeded()
    made = platform.outputs()
    values = {
        "a private subnet": made["private_subnet_ids"][0],
        "its security group": made["training_security_group_id"],
        "a role that SageMaker may assume": made["sagemaker_execution_role_arn"],
        "a KMS key that the role may use": made["artifact_key_arn"],
        "a bucket that the role may read and write": made["artifact_bucket_name"],
    }
    settings = [("pulumi config set", "")] * 6
    walk.section(
        terminal, JOB,
        ("cd examples/job", ""), ("pulumi stack init", "Created stack"), *settings,
        ("PYTHONPATH=../.. pulumi up", "created"), values=values,
    )  # fmt: skip
    name = json.loads(terminal.run("pulumi stack output --json"))["training_job_name"]
    assert name.startswith(f"{LINEAGE}-")
    sagemaker = platform.client("sagemaker")
    ended = sagemaker.get_waiter("training_job_completed_or_stopped")
    ended.wait(TrainingJobName=name, WaiterConfig={"Delay": 1})
    job = sagemaker.describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert "unchanged" in terminal.run("PYTHONPATH=../.. pulumi up")
    terminal.run("PYTHONPATH=../.. pulumi destroy")
