"""The provider of a job over AWS in memory, and its verbs as the engine calls them."""

from __future__ import annotations

from typing import Any

from components.training_job.aws.images import Images
from components.training_job.preflight.preflight import Preflight
from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import FakeAws


def provider_over(aws: FakeAws) -> TrainingJobProvider:
    """A provider that is configured, with this account behind it."""
    provider = TrainingJobProvider()
    provider._clients = aws  # type: ignore[assignment]
    provider._preflight = Preflight(provider._clients)
    provider._images = Images(provider._clients)
    provider._successors = {}
    return provider


def checked(provider: TrainingJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    """A job's inputs, which the provider accepts, with what its check adds."""
    result = provider.check({}, inputs)
    assert result.failures == []
    return result.inputs


def launch(provider: TrainingJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    """The state of a job that the provider has created from these inputs."""
    outs = provider.create(checked(provider, inputs)).outs
    assert outs is not None
    return outs
