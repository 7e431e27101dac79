"""A relaunch on the next fallback, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with

pytestmark = [pytest.mark.integration, pytest.mark.deep]

NewStack = Callable[[dict[str, Any]], Stack]
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ON_DEMAND = "ml.m5.4xlarge for training job usage"  # of a type that no other test runs on


def test_a_relaunch_runs_on_the_next_fallback_and_the_image_of_its_day(new_stack: NewStack) -> None:
    failing = counting_job(
        image=f"{REGISTRY}/fallbacks:1",
        hyperparameters={"fail-at": 2},
        relaunch="onFailure",
        maxAttempts=2,
        fallbacks=[{"instanceType": "ml.m5.4xlarge", "spot": False}],
    )
    stack = new_stack(stack_with(work=failing, wait=True) | {"preflight": True})
    set_quota(stack, 0)
    stack.client("ecr").create_repository(repositoryName="fallbacks")
    digests = [push(stack, "first")]
    first_up = " ".join(stack.up().failed().text.split())
    assert "a later attempt would be refused: fallbacks[0].ResourceConfig: 1" in first_up
    assert f"quota of instances of {ON_DEMAND} in us-east-1 is 0" in first_up
    digests.append(push(stack, "second"))
    assert "replace" not in stack.preview().changes  # a moved tag by itself is no difference
    refused = " ".join(stack.up("--refresh").failed().text.split())
    assert f"quota of instances of {ON_DEMAND} in us-east-1 is 0" in refused
    assert "Traceback" not in refused
    assert len(stack.jobs("work")) == 1
    set_quota(stack, 1)
    stack.up("--refresh").failed()

    second, first = stack.jobs("work")
    assert [capacity(run) for run in (first, second)] == [
        ("ml.m5.large", True),
        ("ml.m5.4xlarge", False),
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


def set_quota(stack: Stack, instances: int) -> None:
    """Gives the account a quota of so many instances of the fallback's type on demand."""
    quota = {"name": ON_DEMAND, "region": "us-east-1", "value": instances}
    url = f"{stack.endpoint_url}/localcloud/quotas"
    urlopen(Request(url, json.dumps(quota).encode(), method="POST")).close()  # noqa: S310


def push(stack: Stack, content: str) -> str:
    """Gives the tag to another image, and returns its digest."""
    answer = stack.client("ecr").put_image(
        repositoryName="fallbacks",
        imageTag="1",
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageManifest=f'{{"schemaVersion": 2, "config": {{"digest": "{content}"}}, "layers": []}}',
    )
    return str(answer["image"]["imageId"]["imageDigest"])
