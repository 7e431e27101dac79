"""The inputs of a job that is tuned, and its provider over AWS in memory."""

from __future__ import annotations

from typing import Any

from components.training_job.aws.images import Images
from components.training_job.preflight.preflight import Preflight
from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import inputs_of_job

PREFIX = "t0123456-digits-"
METRICS = {"loss": "loss=([0-9.]+)", "accuracy": "accuracy=([0-9.]+)"}
TUNING = {
    "objective": {"minimize": "loss"},
    "ranges": {
        "learning-rate": {"from": 0.001, "to": 0.1, "scale": "log"},
        "layers": {"from": 2, "to": 8, "integer": True},
    },
    "maxTrials": 10,
    "parallel": 2,
}
GRID = {
    "strategy": "grid",
    "ranges": {"optimizer": {"values": ["adamw", "sgd"]}, "depth": {"values": ["1", "2"]}},
    "maxTrials": None,
}


def tuned(
    tuning: dict[str, Any] | None = None, job: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """The inputs of a job that is tuned; `changes` are of the inputs."""
    config = {key: value for key, value in (TUNING | (tuning or {})).items() if value is not None}
    settings = {"metrics": METRICS, "tuning": config} | (job or {})
    return inputs_of_job(settings, tuning_name_prefix=PREFIX) | changes


def tuning_provider_over(aws: FakeAws) -> TuningJobProvider:
    """A provider that is configured, with this account behind it."""
    provider = TuningJobProvider()
    provider._clients = aws  # type: ignore[assignment]
    provider._preflight = Preflight(provider._clients)
    provider._images = Images(provider._clients)
    return provider


def checked(provider: TuningJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    """A job's inputs, which the provider accepts, with what its check adds."""
    result = provider.check({}, inputs)
    assert result.failures == []
    return result.inputs


def launch(provider: TuningJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    """The state of a job that the provider has created from these inputs."""
    outs = provider.create(checked(provider, inputs)).outs
    assert outs is not None
    return outs


def refreshed(provider: TuningJobProvider, state: dict[str, Any]) -> dict[str, Any]:
    """The state after a refresh."""
    outs = provider.read(state["tuning_job_name"], state).outs
    assert outs is not None
    return outs


def paused(provider: TuningJobProvider, state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The state after a pause."""
    news = checked(provider, tuned(job={"paused": True}, **changes))
    assert provider.diff("", state, news).replaces == []
    outs = provider.update("", state, news).outs
    assert outs is not None
    return outs


def resumed(provider: TuningJobProvider, state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The state after a pause has ended: the engine deletes before it creates."""
    news = checked(provider, tuned(**changes))
    assert provider.diff("", state, news).replaces
    provider.delete("", state)
    outs = provider.create(news).outs
    assert outs is not None
    return outs
