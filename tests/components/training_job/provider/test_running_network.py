"""A network that changes under a job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.provider import TrainingJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.providers import checked, launch

Inputs = Callable[..., dict[str, Any]]
OTHER_SUBNET = {"Subnets": ["subnet-00000000000000001"]}
OTHER_GROUP = {"SecurityGroupIds": ["sg-00000000000000001"]}


def moved(inputs: dict[str, Any], **network: Any) -> dict[str, Any]:
    inputs["request"]["VpcConfig"] |= network
    return inputs


@pytest.mark.parametrize("network", [OTHER_SUBNET, OTHER_GROUP])
def test_a_running_job_s_network_is_not_taken_away(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    network: dict[str, Any],
) -> None:
    state = launch(provider, job_inputs())
    news = checked(provider, moved(job_inputs(), **network))
    assert provider.diff("", state, news).replaces == []
    with pytest.raises(TrainingJobError, match=r"runs in .*0123456789abcdef0.*paused: true"):
        provider.update("", state, news)
    assert aws.live() == [state["training_job_name"]]
    assert "AddTags" not in aws.calls


def test_a_pause_lets_the_network_go(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    paused = checked(provider, moved(job_inputs({"paused": True}), **OTHER_SUBNET))
    outs = provider.update("", state, paused).outs
    assert outs is not None
    assert outs["request"]["VpcConfig"]["Subnets"] == OTHER_SUBNET["Subnets"]
    assert aws.live() == []


def test_a_network_may_grow_under_a_job_and_change_after_its_end(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    subnets = state["request"]["VpcConfig"]["Subnets"]
    more = checked(provider, moved(job_inputs(), Subnets=[*subnets, *OTHER_SUBNET["Subnets"]]))
    assert provider.update("", state, more).outs is not None
    aws.set_status(state["training_job_name"], "Completed")
    news = checked(provider, moved(job_inputs(), **OTHER_SUBNET))
    assert provider.update("", state, news).outs is not None
