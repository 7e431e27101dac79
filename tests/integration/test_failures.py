"""Jobs that end badly and settings that are wrong, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = pytest.mark.integration

NewStack = Callable[[dict[str, Any]], Stack]
TRAINING_JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"


def test_a_failed_job_fails_every_up_until_it_is_relaunched(new_stack: NewStack) -> None:
    failing = counting_job(hyperparameters={"fail-at": 2})
    stack = new_stack(stack_with(work=failing, wait=True))
    for _ in range(2):
        result = stack.up().failed()
        assert "(script error)" in result.text
        assert "step 2 can't be done" in result.text
        assert "Remedy: " in result.text
        assert "Traceback" not in result.text
        assert len(stack.jobs("work")) == 1

    stack.settings["jobs"]["work"] |= {"relaunch": "onFailure", "maxAttempts": 2}
    stack.up("--refresh").failed()
    assert len(stack.jobs("work")) == 2
    stack.up("--refresh").failed()
    assert len(stack.jobs("work")) == 2

    stack.settings["jobs"]["work"] = counting_job()
    stack.up().succeeded()
    assert stack.jobs("work")[0]["TrainingJobStatus"] == "Completed"


def test_everything_wrong_is_reported_at_once_and_nothing_is_created(new_stack: NewStack) -> None:
    wrong = counting_job(
        maxRuntme="2h",
        instanceType="ml.g5.2xlage",
        spot={"maxWait": "1m", "checkpoints": False},
        source={"dir": "nowhere", "entryPoint": "train.py"},
        instanceCount="two",
    )
    stack = new_stack(stack_with(work=wrong) | {"network": {"cidr": "10.0.0.0/28"}, "teem": "x"})
    result = stack.preview().failed()
    reported = " ".join(result.text.split())
    for path, remedy in {
        "jobs.work.maxRuntme": "did you mean maxRuntime",
        "jobs.work.instanceType": "ml.g5.2xlarge",
        "jobs.work.spot.maxWait": "set maxWait to 10m or more",
        "jobs.work.spot.checkpoints": "set spot: false",
        "jobs.work.source.dir": "create it",
        "jobs.work.instanceCount": "the number of instances",
        "network.cidr": "/16",
        "teem": "did you mean team",
    }.items():
        assert f"{path}:" in reported
        assert remedy in reported
    assert "Traceback" not in result.text
    stack.up(preview=True).failed()
    assert [each["type"] for each in stack.resources() if "aws" in each["type"]] == []


@pytest.mark.deep
def test_a_setting_that_no_tag_may_have_is_refused_before_anything_is_created(
    new_stack: NewStack,
) -> None:
    stack = new_stack(stack_with(work=counting_job()) | {"costCenter": "R&D"})
    result = stack.up().failed()
    assert 'costCenter: "R&D"' in result.text
    assert "_ . : / = + - @, and not &" in " ".join(result.text.split())
    assert "Traceback" not in result.text
    assert [each["type"] for each in stack.resources() if "aws" in each["type"]] == []
