"""A state of the first release: its form only grows, and its providers still do every verb."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import dill
import pytest

from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_tags import OWNER_TAG, RELEASED_TAG
from tests.components.fake_aws import FakeAws

STORED = json.loads(Path(__file__).with_name("first_release_state.json").read_text())
JOB = "pulumi-python:dynamic/sagemaker:TrainingJob"
COMPLETION = "pulumi-python:dynamic/sagemaker:TrainingJobCompletion"


def stored(type_: str) -> tuple[str, dict[str, Any]]:
    """The id and the outputs of a resource, as the engine gives them to its provider."""
    outputs = json.loads(json.dumps(STORED[type_]["outputs"]))
    return STORED[type_]["id"], outputs


def provider_of(outputs: dict[str, Any]) -> Any:
    return dill.loads(base64.b64decode(outputs["__provider"]))  # noqa: S301 - our own file


@pytest.fixture
def with_the_job(aws: FakeAws) -> FakeAws:
    """An account with the job of the state, still running."""
    _, outputs = stored(JOB)
    request = outputs["request"] | {"TrainingJobName": outputs["training_job_name"]}
    aws.create_training_job(**request)
    aws.jobs[outputs["training_job_name"]]["TrainingJobArn"] = outputs["training_job_arn"]
    aws.tags[outputs["training_job_arn"]] = {}
    return aws


@pytest.fixture
def restored(with_the_job: FakeAws) -> TrainingJobProvider:
    provider = provider_of(stored(JOB)[1])
    provider._clients = with_the_job
    assert isinstance(provider, TrainingJobProvider)
    return provider


def test_the_stored_providers_are_found_where_they_were() -> None:
    assert isinstance(provider_of(stored(JOB)[1]), TrainingJobProvider)
    assert isinstance(provider_of(stored(COMPLETION)[1]), TrainingJobCompletionProvider)


def test_a_stored_job_is_refreshed(restored: TrainingJobProvider) -> None:
    result = restored.read(*stored(JOB))
    assert result.outs is not None
    assert result.outs["status"] == "InProgress"
    assert set(stored(JOB)[1]) <= set(result.outs)


def test_a_stored_job_differs_from_its_own_inputs_in_nothing(restored: TrainingJobProvider) -> None:
    identity, outputs = stored(JOB)
    inputs = restored.read(identity, outputs).inputs or {}
    news = restored.check({}, inputs).inputs
    assert news["definition_hash"] == outputs["definition_hash"]
    assert restored.diff(identity, outputs, news).changes is False


def test_a_stored_job_is_stopped_and_let_go(
    restored: TrainingJobProvider, with_the_job: FakeAws
) -> None:
    identity, outputs = stored(JOB)
    restored.delete(identity, outputs)
    assert with_the_job.live() == []
    assert RELEASED_TAG in with_the_job.tags[outputs["training_job_arn"]]


def test_a_stored_completion_does_not_wait_again() -> None:
    identity, outputs = stored(COMPLETION)
    news = outputs | {"jobs": ["digits"]}
    assert provider_of(outputs).diff(identity, outputs, news).changes is False


def test_a_stored_job_is_marked_with_its_bucket_in_place(
    restored: TrainingJobProvider, with_the_job: FakeAws
) -> None:
    identity, outputs = stored(JOB)
    bucket = outputs["request"]["OutputDataConfig"]["S3OutputPath"].split("/")[2]
    inputs = restored.read(identity, outputs).inputs or {}
    news = restored.check({}, inputs | {"owner": bucket}).inputs
    difference = restored.diff(identity, outputs, news)
    assert (difference.changes, difference.replaces) == (True, [])
    restored.update(identity, outputs, news)
    assert with_the_job.live() == [outputs["training_job_name"]]
    assert with_the_job.tags[outputs["training_job_arn"]] == {OWNER_TAG: bucket}
