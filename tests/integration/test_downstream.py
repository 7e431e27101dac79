"""A second stack that takes the platform's model, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development import commands
from development.engine import DOWNSTREAM
from tests.integration.engine import Stack
from tests.integration.settings import counting_job, stack_with
from toolchain.layout import Layout

NewStack = Callable[[dict[str, Any]], Stack]
CONSUMER = "arn:aws:iam::123456789012:role/serving"


@pytest.mark.integration
@pytest.mark.deep
def test_a_model_is_registered_once_its_job_has_completed_and_not_before(
    new_stack: NewStack,
):
    platform = new_stack(stack_with(work=counting_job(), wait=True, launch=False))
    platform.up().succeeded()
    registry = on_top_of(platform, "work")
    refused = registry.preview().failed()
    assert "is NotLaunched. A model is taken only from a job that is Completed." in refused.text
    assert "Traceback" not in refused.text

    platform.settings["enableTrainingJob"] = True
    platform.up().succeeded()
    registry.up().succeeded()
    [job] = platform.jobs("work")
    entry = entry_of(registry, "work")
    assert entry["training_job"] == job["TrainingJobName"]
    assert entry["model_uri"] == job["ModelArtifacts"]["S3ModelArtifacts"]
    assert entry["metrics"] == {"step": 3}
    assert registry.up().succeeded().changes == {}

    may, who = consumer_documents(registry)
    bucket = platform.outputs()["artifact_bucket_name"]
    read, decrypt = may["Statement"]
    assert read["Action"] == "s3:GetObject"
    assert read["Resource"] == (
        f"arn:aws:s3:::{bucket}/output/{platform.lineage('work')}/{job['TrainingJobName']}/*"
    )
    assert decrypt["Action"] == "kms:Decrypt"
    assert decrypt["Resource"] == platform.outputs()["artifact_key_arn"]
    assert decrypt["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    assert [each["Principal"] for each in who["Statement"]] == [{"AWS": [CONSUMER]}]

    registry.destroy().succeeded()
    assert entry_names(registry) == []


def test_without_a_platform_there_is_nothing_to_build_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    assert commands.downstream(Layout(local=tmp_path)) == 1
    assert "make up" in capfd.readouterr().out


def on_top_of(platform: Stack, job: str) -> Stack:
    """The downstream stack, in the backend of the platform's."""
    settings = {
        "platformStack": f"organization/sagemaker-training/{platform.name}",
        "job": job,
        "consumers": [CONSUMER],
    }
    return Stack(platform.layout, platform.endpoint_url, settings, program=DOWNSTREAM)


def entry_of(registry: Stack, job: str) -> dict[str, Any]:
    parameter = registry.client("ssm").get_parameter(Name=f"/models/dev/{job}")["Parameter"]
    entry: dict[str, Any] = json.loads(parameter["Value"])
    return entry


def entry_names(registry: Stack) -> list[str]:
    answer = registry.client("ssm").get_parameters_by_path(Path="/models", Recursive=True)
    return [each["Name"] for each in answer["Parameters"]]


def consumer_documents(registry: Stack) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the consumer role may do, and who may assume it."""
    iam = registry.client("iam")
    role = registry.outputs()["consumer_role_arn"].rpartition("/")[2]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    may = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    who = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    return may, who
