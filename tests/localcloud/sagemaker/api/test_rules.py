"""Requests that the service refuses, in its own words."""

from __future__ import annotations

import copy
import http.client
import json
from contextlib import closing
from typing import Any

import pytest

from tests.localcloud.cloud import BUCKET, Cloud, channel, refusal
from tests.localcloud.signing import signed


@pytest.fixture(scope="module")
def valid(cloud: Cloud) -> dict[str, Any]:
    return cloud.request()


def groups(*names: str, type_: str = "ml.m5.large", count: int = 1) -> dict[str, Any]:
    members = [
        {"InstanceGroupName": name, "InstanceType": type_, "InstanceCount": count} for name in names
    ]
    return {"InstanceGroups": members, "VolumeSizeInGB": 10}


ARN = "arn:aws:sagemaker:us-east-1:123456789012"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training"
ONE_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/one-image"
RULE = {"RuleConfigurationName": "a", "RuleEvaluatorImage": IMAGE}
GROUPED = channel("a", "code/")
GROUPED["DataSource"]["S3DataSource"]["InstanceGroupNames"] = ["x"]


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    document = copy.deepcopy(request)
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


INVALID = [
    (
        "TrainingJobName",
        "a job",
        "Value 'a job' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    (
        "RoleArn",
        None,
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ),
    (
        "ResourceConfig.InstanceCount",
        -1,
        "Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must "
        "have value greater than or equal to",
    ),
    (
        "ResourceConfig.InstanceType",
        "ml.t0.nano",
        "Value 'ml.t0.nano' at 'resourceConfig.instanceType' failed to satisfy constraint: Member "
        "must satisfy enum value set: [",
    ),
    ("ResourceConfig.InstanceCount", "1", "STRING_VALUE can not be converted to an Integer"),
    ("ResourceConfig.InstanceCount", 1.0, "NUMBER_VALUE can not be converted to an Integer"),
    (
        "Environment",
        {"1": "x"},
        "Value '{1=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: ",
    ),
    ("RetryStrategy", {"MaximumRetryAttempts": 99}, "less than or equal to 30"),
    (
        "StoppingCondition.MaxWaitTimeInSeconds",
        90,
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
    ),
    ("EnableManagedSpotTraining", True, "It must be present and be greater than or equal to"),
    ("StoppingCondition.MaxRuntimeInSeconds", 29 * 86_400, "must not be greater than 2419200"),
    (
        "InputDataConfig",
        [channel("code", "code/", RecordWrapperType="RecordIO")],
        "RecordWrapperType RecordIO is only supported with Pipe mode: channel code",
    ),
    (
        "InputDataConfig",
        [channel("code", "code/", InputMode="Pipe", S3DataType="AugmentedManifestFile")],
        "AttributeNames are required with S3DataType AugmentedManifestFile, and not supported "
        "otherwise: channel code",
    ),
    ("AlgorithmSpecification.MetricDefinitions", [{"Name": "m", "Regex": "("}], "Invalid Regex"),
    ("InputDataConfig", [channel("code", "none/")], 'No S3 objects found under S3 URL "s3://'),
    (
        "RoleArn",
        "arn:aws:iam::123456789012:role/absent",
        "Could not assume role arn:aws:iam::123456789012:role/absent.",
    ),
    ("OutputDataConfig.S3OutputPath", "s3://absent/x", "Access denied to OutputDataConfig S3"),
    ("Tags", [{"Key": "a", "Value": "1"}] * 2, "Duplicate tag key a"),
    *(
        (
            "CheckpointConfig",
            {"S3Uri": "s3://store/checkpoints/", "LocalPath": path},
            f"Invalid LocalPath {path}",
        )
        for path in ("/opt/ml/../../../../../tmp/out", "/opt/ml/checkpoints/..", "checkpoints", "/")
    ),
    ("InputDataConfig", [channel("..", "code/")], "Invalid channel name .."),
    ("StoppingCondition.MaxWaitTimeInSeconds", 10**30, "NUMBER_VALUE can not be converted"),
    ("Environment", {"A": "a\0b"}, "Value at 'Environment.A' must not have the character NUL"),
    ("HyperParameters", {"a\0b": ""}, "Value at 'HyperParameters' must not have the character"),
    ("ResourceConfig.InstanceCount", 0, "have value greater than or equal to 1"),
    ("ResourceConfig.InstanceCount", 251, "A job of more than 250 instances is not offered"),
    ("ResourceConfig", {"InstanceGroups": [], "VolumeSizeInGB": 1}, "are required unless Instance"),
    ("ResourceConfig", groups("a", "a"), "Duplicate instance group name a in InstanceGroups"),
    ("ResourceConfig", groups("a", count=0), "have value greater than or equal to 1"),
    (
        "ResourceConfig",
        groups("a", type_="ml.g7.2xlarge") | {"VolumeKmsKeyId": "key"},
        "VolumeKmsKeyId is not supported for instance type ml.g7.2xlarge",
    ),
    ("ResourceConfig.VolumeSizeInGB", None, "VolumeSizeInGB is required for instance type ml.m5"),
    ("ResourceConfig.VolumeSizeInGB", 0, "VolumeSizeInGB is required for instance type ml.m5"),
    ("ResourceConfig.VolumeSizeInGB", 16_385, "It must not be greater than 16384"),
    ("ResourceConfig.SelectedInstanceType", "ml.m5.large", "SelectedInstanceType is read-only"),
    (
        "ResourceConfig",
        groups("a") | {"TrainingPlanArn": f"{ARN}:training-plan/a"},
        "TrainingPlanArn can't be combined with InstanceGroups",
    ),
    ("ResourceConfig.InstancePreferences", [{"InstanceType": "ml.m5.large"}], "InstanceType"),
    (
        "ResourceConfig",
        {"InstancePreferences": [{"InstanceType": "ml.m5.large"}], "VolumeSizeInGB": 1},
        "either on every preference or once",
    ),
    ("ResourceConfig.InstancePlacementConfig", {"EnableMultipleJobs": True}, "is not offered"),
    ("ModelPackageConfig", {"ModelPackageGroupArn": f"{ARN}:model-package-group/a"}, "not offered"),
    ("MlflowConfig", {"MlflowResourceArn": f"{ARN}:mlflow-app/a"}, "MlflowConfig is not offered"),
    *(
        ("AlgorithmSpecification.TrainingImage", image, "Invalid training image. Please provide a")
        for image in ("", "nginx", "public.ecr.aws/docker/library/python:3", f"{IMAGE}:1:2")
    ),
    (
        "AlgorithmSpecification.TrainingImageConfig",
        {"TrainingRepositoryAccessMode": "Vpc"},
        "TrainingRepositoryAccessMode Vpc requires VpcConfig",
    ),
    ("AlgorithmSpecification.MetricDefinitions", [{"Name": "m", "Regex": "(a)"}] * 2, "Duplicate"),
    *(
        ("CheckpointConfig", {"S3Uri": "s3://store/a", "LocalPath": path}, "Invalid LocalPath /")
        for path in ("/opt/ml", "/opt", "/opt/ml/input/data", "/proc", "/usr/lib", "//opt/ml/a")
    ),
    *(
        ("CheckpointConfig", {"S3Uri": "s3://store/a", "LocalPath": path}, message)
        for path, message in (("/" + "a" * 256, "name of more"), ("/a" * 600, "than 1024 bytes"))
    ),
    ("CheckpointConfig", {"S3Uri": "s3://a bucket/a"}, "'s3://a bucket/a' is not an S3 URI"),
    ("OutputDataConfig.S3OutputPath", "https://example.com/a", "is not an S3 URI"),
    ("DebugHookConfig", {"S3OutputPath": "s3://absent/x"}, "Access denied to DebugHookConfig S3"),
    ("TensorBoardOutputConfig", {"S3OutputPath": "s3://absent/x"}, "Access denied to TensorBoard"),
    ("ProfilerConfig", {"S3OutputPath": "s3://absent/x"}, "Access denied to ProfilerConfig S3"),
    ("ProfilerConfig", {"ProfilingIntervalInMilliseconds": 7}, "It must be one of 100, 200, 500"),
    *(
        (member, [RULE] * 2, f"Duplicate rule configuration name a in {member}")
        for member in ("DebugRuleConfigurations", "ProfilerRuleConfigurations")
    ),
    ("InputDataConfig", [GROUPED], "x is not in ResourceConfig"),
    ("InputDataConfig", [channel("a", "code/") | {"DataSource": {}}], "Exactly one data source"),
    (
        "InputDataConfig",
        [channel("a", "code/", InputMode="Pipe"), channel("a_0", "code/")],
        "Invalid channel name a_0. Channel a has a pipe of this name",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), INVALID)
def test_an_invalid_request_is_refused_in_the_services_words(
    cloud: Cloud, valid: dict[str, Any], path: str, value: Any, message: str
):
    request = changed(valid, path, value)

    code, answer = refusal(cloud.sagemaker.create_training_job, **request)

    assert message in answer
    expected = "SerializationException" if "converted" in message else "ValidationException"
    assert code == expected


def test_a_member_that_the_service_does_not_know_is_refused(cloud: Cloud, valid: dict[str, Any]):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=60)
    with closing(connection):
        connection.request(
            "POST",
            "/",
            json.dumps(valid | {"Colour": "red"}),
            {"X-Amz-Target": "SageMaker.CreateTrainingJob", **signed("sagemaker")},
        )
        document = json.loads(connection.getresponse().read())

    assert document["__type"] == "ValidationException"
    assert "Unknown member 'Colour'" in document["message"]


def test_all_mistakes_of_shape_are_reported_at_once(cloud: Cloud, valid: dict[str, Any]):
    request = changed(valid, "RoleArn", "x" * 20) | {"TrainingJobName": "a job"}

    _, message = refusal(cloud.sagemaker.create_training_job, **request)

    assert message.startswith("2 validation errors detected: ")


def test_what_the_rules_are_not_about_is_accepted(cloud: Cloud):
    name = cloud.create(
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        TensorBoardOutputConfig={"S3OutputPath": f"s3://{BUCKET}/events"},
        ProfilerConfig={"ProfilingIntervalInMilliseconds": 500},
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/accepted/", "LocalPath": "/opt/ml/model/steps/"},
    )

    assert cloud.ended(name)["TrainingJobStatus"] == "Completed"


def test_a_bucket_of_another_region_is_refused(cloud: Cloud):
    place = {"LocationConstraint": "eu-west-1"}
    s3 = cloud.client("s3", "eu-west-1")
    s3.create_bucket(Bucket="in-another-region", CreateBucketConfiguration=place)
    s3.put_object(Bucket="in-another-region", Key="code/main.py", Body=b"")
    there = "s3://in-another-region/code/"
    changes: list[dict[str, Any]] = [
        {"InputDataConfig": [channel("code", "", S3Uri=there)]},
        {"OutputDataConfig": {"S3OutputPath": there}},
        {"CheckpointConfig": {"S3Uri": there}},
        {"DebugHookConfig": {"S3OutputPath": there}},
    ]

    for each in changes:
        _, message = refusal(cloud.sagemaker.create_training_job, **cloud.request(**each))
        assert message.endswith(
            "The bucket is in this region: eu-west-1. Please use this region to retry the request"
        )


def test_an_experiment_that_does_not_exist_is_refused(cloud: Cloud):
    cloud.sagemaker.create_experiment(ExperimentName="known")
    wrong = cloud.request(ExperimentConfig={"ExperimentName": "unknown"})
    no_trial = cloud.request(ExperimentConfig={"ExperimentName": "known", "TrialName": "unknown"})
    create = cloud.sagemaker.create_training_job

    assert refusal(create, **wrong) == ("ResourceNotFound", "Experiment 'unknown' does not exist")
    assert refusal(create, **no_trial) == ("ResourceNotFound", "Trial 'unknown' does not exist")
    create(**cloud.request(ExperimentConfig={"ExperimentName": "known"}))


def test_an_image_that_its_repository_does_not_have_is_refused(cloud: Cloud):
    ecr = cloud.client("ecr")
    ecr.create_repository(repositoryName="one-image")
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []})
    pushed = ecr.put_image(repositoryName="one-image", imageManifest=manifest, imageTag="1")
    digest = pushed["image"]["imageId"]["imageDigest"]
    request = cloud.request()

    def refused(end: str) -> str:
        wrong = changed(request, "AlgorithmSpecification.TrainingImage", f"{ONE_IMAGE}{end}")
        return refusal(cloud.sagemaker.create_training_job, **wrong)[1]

    for end in ("", ":2", f"@sha256:{'0' * 64}"):
        assert refused(end).startswith("Cannot find the requested image: ")
    pinned = changed(request, "AlgorithmSpecification.TrainingImage", f"{ONE_IMAGE}@{digest}")
    cloud.sagemaker.create_training_job(**pinned)
