"""The CreateTrainingJob request: shape, defaults, and what its hash covers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import botocore.session
import pytest

from components.training_job.request.definition import definition_hash, definition_of
from components.training_job.request.service_model import conform, request_problems, request_shape
from components.training_job.request.training_request import (
    Placement,
    fallback_requests,
    training_request,
)
from components.training_job.settings.job_settings import JobSettings

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
PLACEMENT = Placement(
    role_arn="arn:aws:iam::123456789012:role/execution",
    key_arn=KEY,
    subnet_ids=["subnet-0123456789abcdef0"],
    security_group_ids=["sg-0123456789abcdef0"],
    output_uri="s3://artifacts/output/a",
    checkpoint_uri="s3://artifacts/checkpoints/a/",
    code_uri="s3://artifacts/source/a/0/",
    input_uris={},
    tags={"team": "research"},
)


def request_for(**settings: Any) -> dict[str, Any]:
    return training_request(JobSettings.model_validate({"image": IMAGE} | settings), PLACEMENT)


def hash_of(request: dict[str, Any], source: str = "0", run: str = "") -> str:
    return definition_hash(definition_of(conform(request), source, run))


def test_a_job_is_private_encrypted_and_on_spot_unless_it_says_otherwise() -> None:
    request = request_for(instanceType="ml.c5.xlarge")
    assert request["EnableNetworkIsolation"] is True
    assert request["EnableManagedSpotTraining"] is True
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["ResourceConfig"]["VolumeKmsKeyId"] == KEY
    assert request["VpcConfig"]["Subnets"] == ["subnet-0123456789abcdef0"]
    assert request["CheckpointConfig"]["LocalPath"] == "/opt/ml/checkpoints"
    assert request["StoppingCondition"]["MaxWaitTimeInSeconds"] == 14_400


@pytest.mark.parametrize("count", [1, 2])
def test_traffic_between_instances_is_encrypted_whatever_their_number(count: int) -> None:
    assert request_for(instanceCount=count)["EnableInterContainerTrafficEncryption"] is True


def test_a_type_with_local_disks_gets_no_volume_key_as_the_service_refuses_it() -> None:
    assert "VolumeKmsKeyId" not in request_for(instanceType="ml.g5.2xlarge")["ResourceConfig"]


def test_an_on_demand_job_has_no_wait() -> None:
    request = request_for(spot=False)
    assert request["EnableManagedSpotTraining"] is False
    assert "MaxWaitTimeInSeconds" not in request["StoppingCondition"]


def test_the_launcher_is_the_entry_point_of_a_job_with_source() -> None:
    source = {"dir": "src", "entryPoint": "train.py", "arguments": ["--fast"]}
    algorithm = request_for(source=source, distribution="jax")["AlgorithmSpecification"]
    assert algorithm["ContainerEntrypoint"][1].endswith("/code/launcher.py")
    assert algorithm["ContainerArguments"] == [
        "--distribution", "jax", "--entry-point", "train.py", "--", "--fast",
    ]  # fmt: skip


def test_a_module_is_run_in_place_of_a_script() -> None:
    source = {"dir": "src", "entryPoint": "-m trainer.main", "arguments": ["--fast"]}
    arguments = request_for(source=source)["AlgorithmSpecification"]["ContainerArguments"]
    assert arguments == ["--distribution", "none", "--module", "trainer.main", "--", "--fast"]


def test_a_job_without_source_keeps_the_images_own_entry_point() -> None:
    assert "ContainerEntrypoint" not in request_for()["AlgorithmSpecification"]


def test_a_model_is_compressed_unless_the_job_says_otherwise() -> None:
    usual, files = request_for(), request_for(compressModel=False)
    assert "CompressionType" not in usual["OutputDataConfig"]
    assert files["OutputDataConfig"]["CompressionType"] == "NONE"
    assert hash_of(files) == hash_of(usual)


def test_a_training_plan_is_no_part_of_the_definition_and_fallbacks_leave_it() -> None:
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
    settings = {"image": IMAGE, "trainingPlan": plan, "spot": False, "fallbacks": [{"spot": True}]}
    job = JobSettings.model_validate(settings)
    request = training_request(job, PLACEMENT)
    assert request["ResourceConfig"]["TrainingPlanArn"] == plan
    assert hash_of(request) == hash_of(request_for(spot=False))
    [fallback] = fallback_requests(job, PLACEMENT)
    assert "TrainingPlanArn" not in fallback["ResourceConfig"]
    assert fallback["EnableManagedSpotTraining"] is True


def test_preferences_and_their_order_are_the_definition() -> None:
    first = {"instanceType": "ml.p5.48xlarge", "instanceCount": 1}
    second = {"instanceType": "ml.p4d.24xlarge", "instanceCount": 2}
    one = request_for(spot=False, instancePreferences=[first, second])
    other = request_for(spot=False, instancePreferences=[second, first])
    assert one["ResourceConfig"]["InstancePreferences"][1] == {
        "InstanceType": "ml.p4d.24xlarge",
        "InstanceCount": 2,
    }
    assert not {"InstanceType", "InstanceCount"} & one["ResourceConfig"].keys()
    assert request_problems(one) == []
    assert hash_of(one) != hash_of(other)


def test_hyperparameters_are_texts() -> None:
    request = request_for(hyperparameters={"epochs": 3, "rate": 0.5, "fast": True, "name": "a"})
    assert request["HyperParameters"] == {"epochs": "3", "rate": "0.5", "fast": "true", "name": "a"}


def test_extra_adds_what_the_settings_have_no_words_for() -> None:
    extra = {
        "ProfilerConfig": {"DisableProfiler": True},
        "ResourceConfig": {"InstancePlacementConfig": {"EnableMultipleJobs": True}},
    }
    request = request_for(extra=extra)
    assert request["ProfilerConfig"] == {"DisableProfiler": True}
    assert request["ResourceConfig"]["InstancePlacementConfig"] == {"EnableMultipleJobs": True}
    assert request["ResourceConfig"]["InstanceType"] == "ml.g5.2xlarge"


EXTRAS: list[dict[str, Any]] = [
    {"ResourceConfig": {"InstanceCount": 64}},
    {"EnableNetworkIsolation": False},
    {"VpcConfig": {"Subnets": ["subnet-1"]}},
    {"ResourceConfig": 7},
    {"ExperimentConfig": {"RunName": "a"}},
]


@pytest.mark.parametrize("extra", EXTRAS, ids=str)
def test_extra_overrides_nothing(extra: dict[str, Any]) -> None:
    unchanged = request_for(extra=extra)
    assert all(unchanged[key] == value for key, value in request_for().items())


def test_a_warm_pool_retries_and_a_pending_time_are_asked_for_in_the_apis_words() -> None:
    request = request_for(spot=False, keepAlive="30m", maxRetries=3, maxPending="2h")
    assert request["StoppingCondition"]["MaxPendingTimeInSeconds"] == 7200
    assert request["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 1800
    assert request["RetryStrategy"] == {"MaximumRetryAttempts": 3}
    assert request_problems(request) == []


def test_a_job_has_its_own_tags_and_the_stacks() -> None:
    tags = request_for(tags={"experiment": "a", "team": "other"})["Tags"]
    assert tags == [{"Key": "experiment", "Value": "a"}, {"Key": "team", "Value": "research"}]


DEFINITION_CHANGES: list[dict[str, Any]] = [
    {"image": IMAGE + "2"},
    {"hyperparameters": {"epochs": 2}},
    {"environment": {"A": "1"}},
    {"instanceType": "ml.g5.4xlarge"},
    {"instanceCount": 2},
    {"inputs": {"train": {"s3Uri": "s3://data/train/"}}},
    {"source": {"dir": "src", "entryPoint": "other.py"}},
]
PLACEMENT_CHANGES: list[dict[str, Any]] = [
    {"maxRuntime": "3h", "spot": {"maxWait": "9h"}},
    {"spot": False},
    {"volumeGb": 200},
    {"metrics": {"loss": "loss=(.*)"}},
    {"networkIsolation": False},
    {"tags": {"experiment": "a"}},
]


@pytest.mark.parametrize("change", DEFINITION_CHANGES, ids=str)
def test_a_changed_definition_has_another_hash(change: dict[str, Any]) -> None:
    assert hash_of(request_for(**change)) != hash_of(request_for())


@pytest.mark.parametrize("change", PLACEMENT_CHANGES, ids=str)
def test_a_changed_placement_has_the_same_hash(change: dict[str, Any]) -> None:
    assert hash_of(request_for(**change)) == hash_of(request_for())


def test_another_source_run_or_bucket_has_another_hash() -> None:
    request = request_for()
    elsewhere = request | {"OutputDataConfig": {"S3OutputPath": "s3://other/output/a"}}
    hashes = {
        hash_of(request),
        hash_of(request, source="1"),
        hash_of(request, run="2"),
        hash_of(elsewhere),
    }
    assert len(hashes) == 4


def test_the_hash_is_the_same_in_every_release() -> None:
    """The hash is part of the names of jobs that exist: a change would launch all of them again."""
    assert hash_of(request_for(hyperparameters={"epochs": 3})) == "634b437e"


FIRST_SETTINGS: dict[str, Any] = {
    "image": IMAGE,
    "source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--fast"]},
    "distribution": "torchrun",
    "instanceType": "ml.c5.xlarge",
    "instanceCount": 2,
    "volumeGb": 50,
    "maxRuntime": "3h",
    "maxRetries": 3,
    "spot": {"maxWait": "9h"},
    "inputs": {
        "local": {"path": "data"},
        "train": {
            "s3Uri": "s3://data/train/",
            "mode": "FastFile",
            "contentType": "text/csv",
            "distribution": "ShardedByS3Key",
        },
    },
    "hyperparameters": {"epochs": 3, "rate": 0.5, "fast": True, "name": "a"},
    "environment": {"A": "1"},
    "metrics": {"loss": "loss=(.*)"},
    "networkIsolation": False,
    "extra": {"ProfilerConfig": {"DisableProfiler": True}},
    "runId": "b",
}
"""Every setting that the first release had."""


def test_the_request_of_the_first_releases_settings_is_the_same_to_the_last_byte() -> None:
    """A request is part of the state: another one would be a change of every job."""
    uploaded = replace(PLACEMENT, input_uris={"local": "s3://artifacts/inputs/a/local/0/"})
    request = training_request(JobSettings.model_validate(FIRST_SETTINGS), uploaded)
    text = json.dumps(request).encode()
    assert hashlib.sha256(text).hexdigest()[:16] == "5b203c4a6358abde"
    assert hash_of(request, run="b") == "7adb842a"


def test_the_service_model_is_botocores_own() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert request_shape().name == model.operation_model("CreateTrainingJob").input_shape.name


def test_all_numbers_of_a_request_are_integers() -> None:
    """So each float that reaches the provider was an integer."""
    seen, shapes = set(), [request_shape()]
    while shapes:
        shape = shapes.pop()
        if shape.name not in seen:
            seen.add(shape.name)
            assert shape.type_name not in ("float", "double"), shape.name
            shapes += getattr(shape, "members", {}).values()
            shapes += [getattr(shape, part) for part in ("member", "value") if hasattr(shape, part)]
    assert "ResourceConfig" in seen
