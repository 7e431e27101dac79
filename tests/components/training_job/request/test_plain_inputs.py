"""A secret output is refused as an input of a job; all others arrive as they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pulumi
import pytest

from components.training_job import resource
from components.training_job.request.training_request import Placement
from components.training_job.resource import job_inputs
from components.training_job.settings.job_settings import JobSettings
from tests.components.training_job.conftest import IMAGE

VALUE = "s3://no-one/may/see/this"
ON_FAILURE = {"relaunch": "onFailure", "fallbacks": [{"instanceType": "ml.c5.xlarge"}]}


def inputs_of(
    place: Placement, changes: dict[str, Any], owner: Any = "arn", **settings: Any
) -> dict[str, Any]:
    """What a job's resource is registered with, once all outputs have their values."""
    values: list[dict[str, Any]] = []

    def program() -> Any:
        inputs = job_inputs(
            JobSettings.model_validate({"image": IMAGE} | settings),
            dataclasses.replace(place, **_made(changes)),
            lineage="research-dev-digits",
            owner=_made(owner),
            account_id="123456789012",
            region="us-east-1",
            source_hash="",
            launch=False,
            preflight=True,
        )
        return pulumi.Output.from_input(inputs.properties()).apply(
            values.append, run_with_unknowns=True
        )

    pulumi.runtime.test(program)()
    return values[0]


def _made(value: Any) -> Any:
    """An output can be made only where an event loop runs."""
    if isinstance(value, dict):
        return {key: _made(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_made(each) for each in value]
    return value() if callable(value) else value


def secret() -> pulumi.Output[str]:
    return pulumi.Output.secret(VALUE)


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("output_uri", "request.OutputDataConfig.S3OutputPath"),
        ("role_arn", "request.RoleArn"),
        ("checkpoint_uri", "request.CheckpointConfig.S3Uri"),
        ("subnet_ids", "request.VpcConfig.Subnets"),
    ],
)
def test_a_secret_output_is_refused_with_its_path_and_without_its_value(
    placement: Placement, field: str, path: str
) -> None:
    with pytest.raises(pulumi.RunError) as error:
        inputs_of(placement, {field: secret})
    assert str(error.value).startswith(f"{path}: (hidden)")
    assert VALUE not in str(error.value)


def test_a_secret_inside_of_a_list_is_refused(placement: Placement) -> None:
    with pytest.raises(pulumi.RunError, match=r"VpcConfig\.SecurityGroupIds\[1\]"):
        inputs_of(placement, {"security_group_ids": ["sg-1", secret]})


def test_a_secret_owner_is_refused(placement: Placement) -> None:
    with pytest.raises(pulumi.RunError, match=r"^owner: "):
        inputs_of(placement, {}, owner=secret)


def test_a_secret_that_is_only_in_a_fallback_is_refused(
    placement: Placement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several are secret, any of them may be reported first."""

    def with_a_secret(*_: Any) -> list[dict[str, Any]]:
        return [{"ResourceConfig": {"VolumeKmsKeyId": secret()}}]

    monkeypatch.setattr(resource, "fallback_requests", with_a_secret)
    with pytest.raises(pulumi.RunError, match=r"fallbacks\[0\]\.ResourceConfig\.VolumeKmsKeyId"):
        inputs_of(placement, {}, **ON_FAILURE)


def test_an_output_that_is_no_secret_arrives_as_it_is(placement: Placement) -> None:
    changes = {
        "output_uri": lambda: pulumi.Output.from_input("s3://b/output"),
        "security_group_ids": [lambda: pulumi.Output.from_input("sg-1")],
    }
    request = inputs_of(placement, changes)["request"]
    assert request["OutputDataConfig"]["S3OutputPath"] == "s3://b/output"
    assert request["VpcConfig"]["SecurityGroupIds"] == ["sg-1"]
    assert request["RoleArn"] == placement.role_arn
