"""The image that a launch runs: by digest, even if its tag moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.providers import checked, launch, provider_over

Inputs = Callable[..., dict[str, Any]]


DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_an_image_is_launched_by_its_digest_and_a_moved_tag_launches_nothing(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.images["training:1"] = DIGEST
    state = launch(provider, job_inputs())
    image = aws.jobs[state["training_job_name"]]["AlgorithmSpecification"]["TrainingImage"]
    assert image.endswith(f"/training@{DIGEST}")
    assert state["image_digest"] == DIGEST
    aws.images["training:1"] = DIGEST.replace("0", "f")
    refreshed = provider.read(state["training_job_name"], state).outs or {}
    assert refreshed["image_digest"] == DIGEST
    assert provider.diff("", refreshed, checked(provider, job_inputs())).changes is False
    assert launch(provider_over(aws), job_inputs())["image_digest"] == DIGEST  # adopted


def test_an_image_without_a_digest_is_launched_by_its_tag(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.images = {"training:2": DIGEST}
    state = launch(provider, job_inputs())
    image = aws.jobs[state["training_job_name"]]["AlgorithmSpecification"]["TrainingImage"]
    assert image.endswith("/training:1")
    assert state["image_digest"] == ""
