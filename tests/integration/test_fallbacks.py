"""A relaunch on the next fallback, on the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


def test_a_relaunch_runs_on_the_next_fallback_and_the_image_of_its_day(new_stack: NewStack) -> None:
    failing = counting_job(
        image=f"{REGISTRY}/fallbacks:1",
        hyperparameters={"fail-at": 2},
        relaunch="onFailure",
        maxAttempts=2,
        fallbacks=[{"instanceType": "ml.m5.xlarge", "spot": False}],
    )
    stack = new_stack(stack_with(work=failing, wait=True))
    stack.client("ecr").create_repository(repositoryName="fallbacks")
    digests = [push(stack, "first")]
    stack.up().failed()
    digests.append(push(stack, "second"))
    assert "replace" not in stack.preview().changes  # a moved tag by itself is no difference
    stack.up("--refresh").failed()

    second, first = stack.jobs("work")
    assert [capacity(run) for run in (first, second)] == [
        ("ml.m5.large", True),
        ("ml.m5.xlarge", False),
    ]
    images = [run["AlgorithmSpecification"]["TrainingImage"] for run in (first, second)]
    assert images == [f"{REGISTRY}/fallbacks@{digest}" for digest in digests]
    assert first["CheckpointConfig"] == second["CheckpointConfig"]
    [job] = [each for each in stack.resources() if each["type"].endswith(":TrainingJob")]
    assert job["outputs"]["image_digest"] == digests[1]
    assert (job["outputs"]["attempt"], job["outputs"]["tries"]) == (2, 2)
    assert job["outputs"]["request"]["ResourceConfig"]["InstanceType"] == "ml.m5.large"


def capacity(run: dict[str, Any]) -> tuple[str, bool]:
    """What a run ran on, and whether on spot capacity."""
    return run["ResourceConfig"]["InstanceType"], run["EnableManagedSpotTraining"]


def push(stack: Stack, content: str) -> str:
    """Give the tag to another image; its digest."""
    answer = stack.client("ecr").put_image(
        repositoryName="fallbacks",
        imageTag="1",
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageManifest=f'{{"schemaVersion": 2, "config": {{"digest": "{content}"}}, "layers": []}}',
    )
    return str(answer["image"]["imageId"]["imageDigest"])
