"""The settings of a job: what is accepted, and what is refused with path, rule and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.stack.configuration import parse
from components.stack.stack_rules import region_problems
from tests.raw_settings import problems, project_in, stack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_in(tmp_path)


GROUPS = {
    "cpu": {"instanceType": "ml.c5.xlarge"},
    "gpu": {"instanceType": "ml.g5.2xlarge", "instanceCount": 2},
}
RELAUNCHED = {"relaunch": "onFailure"}
TRAIN = "jobs.digits.inputs.train"
EFS = {
    "id": "fs-0123456789abcdef0",
    "type": "EFS",
    "directoryPath": "/data",
    "securityGroupId": "sg-0123456789abcdef0",
}
AUGMENTED = {
    "s3Uri": "s3://data/m",
    "s3DataType": "AugmentedManifestFile",
    "manifestPrefixes": ["s3://data/images/"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hub/token-AbCdEf"
WITH_ENDPOINT = {"interfaceEndpoints": ["secretsmanager"]}
SECRETS = {"secrets": {"HF_TOKEN": SECRET_ARN}, "networkIsolation": False}


def channel(**settings: Any) -> dict[str, Any]:
    """A job with one channel."""
    return {"inputs": {"train": settings}}


WRONG_JOBS: list[tuple[dict[str, Any], str, str]] = [
    ({"maxRuntme": "2h"}, "jobs.digits.maxRuntme", "did you mean maxRuntime"),
    ({"instanceCount": "two"}, "jobs.digits.instanceCount", "number of instances"),
    ({"instanceCount": 0}, "jobs.digits.instanceCount", "must be 1 or more"),
    ({"spot": "yes"}, "jobs.digits.spot", "or false for on-demand"),
    ({"distribution": "Jax"}, "jobs.digits.distribution", "must be 'none', 'jax' or 'torchrun'"),
    ({"hyperparameters": {"epochs": [1, 2]}}, "jobs.digits.hyperparameters.epochs",
     "must be a text, or a number, or true or false"),
    ({"instanceType": "ml.g5.2xlage"}, "jobs.digits.instanceType", "ml.g5.2xlarge"),
    ({"maxRuntime": "soon"}, "jobs.digits.maxRuntime", "1h30m"),
    ({"maxRuntime": "29d"}, "jobs.digits.maxRuntime", "28d"),
    ({"spot": {"maxWait": "1h"}}, "jobs.digits.spot.maxWait", "set maxWait to 2h or more"),
    ({"spot": {"checkpoints": False}}, "jobs.digits.spot.checkpoints", "set spot: false"),
    ({"source": {"dir": "nowhere", "entryPoint": "train.py"}}, "jobs.digits.source.dir", "create"),
    ({"source": {"dir": "src", "entryPoint": "fit.py"}}, "jobs.digits.source.entryPoint",
     "train.py"),
    ({"source": {"dir": "src", "entryPoint": "../data"}}, "jobs.digits.source.entryPoint",
     "train.py"),
    ({"inputs": {"train": {}}}, "jobs.digits.inputs.train", "set one of s3Uri, path"),
    ({"inputs": {"train": {"path": "none"}}}, "jobs.digits.inputs.train.path", "create it"),
    ({"inputs": {"train": {"s3Uri": "http://x"}}}, "jobs.digits.inputs.train.s3Uri", "s3://"),
    ({"inputs": {"code": {"path": "data"}}}, "jobs.digits.inputs.code", "another name"),
    ({"metrics": {"loss": "loss="}}, "jobs.digits.metrics.loss", "in brackets"),
    ({"metrics": {"loss": "("}}, "jobs.digits.metrics.loss", "value in brackets"),
    ({"environment": {"HF_TOKEN": "x"}}, "jobs.digits.environment.HF_TOKEN", "Secrets Manager"),
    ({"hyperparameters": {"key": "AKIA0123456789ABCDEF"}}, "jobs.digits.hyperparameters.key",
     "Secrets Manager"),
    ({"keepAlive": "30m"}, "jobs.digits.keepAlive", "set spot: false"),
    ({"fresh": "b", "resumeFrom": "research-dev-a"}, "jobs.digits.resumeFrom", "remove one"),
    ({"resumeFrom": "vision-dev-a"}, "jobs.digits.resumeFrom", "research-dev-"),
    ({"extra": {"EnableManagedSpotTraining": False}},
     "jobs.digits.extra.EnableManagedSpotTraining", "setting of its own"),
    ({"image": 7}, "jobs.digits.image", "dkr.ecr"),
    ({"image": "python:3.11"}, "jobs.digits.image", "dkr.ecr"),
    ({"maxRuntime": "20d", "spot": {"maxWait": "40d"}}, "artifacts.checkpointDays", "41 or more"),
    # image or algorithm
    ({"algorithm": "scan", "image": None}, "jobs.digits.source", "set image instead"),
    ({"image": None}, "jobs.digits.image", "or algorithm"),
    # instance groups
    ({"instanceGroups": GROUPS, "instanceType": "ml.c5.xlarge"}, "jobs.digits.instanceType",
     "remove it, or instanceGroups"),
    ({"instanceGroups": GROUPS, "instanceCount": 2}, "jobs.digits.instanceCount", "remove it"),
    ({"instanceGroups": {"cpu": {"instanceType": "ml.c5.xlage"}}},
     "jobs.digits.instanceGroups.cpu.instanceType", "ml.c5.xlarge"),
    ({"instanceGroups": {"a,b": {"instanceType": "ml.c5.xlarge"}}},
     "jobs.digits.instanceGroups.a,b", "another name"),
    ({"instanceGroups": {"cpu": {}}}, "jobs.digits.instanceGroups.cpu.instanceType", "ml.g5"),
    ({"instanceGroups": dict.fromkeys("abcdef", GROUPS["cpu"])}, "jobs.digits.instanceGroups",
     "at most 5"),
    ({"instanceGroups": GROUPS, "spot": False, "keepAlive": "30m"}, "jobs.digits.keepAlive",
     "several instance types"),
    ({"instanceGroups": GROUPS, "distributionGroups": ["gpu"]},
     "jobs.digits.distributionGroups", "set distribution"),
    ({"instanceGroups": GROUPS, "distribution": "jax", "distributionGroups": ["tpu"]},
     "jobs.digits.distributionGroups.0", "cpu, gpu"),
    # fallbacks
    ({"fallbacks": [{"spot": False}]}, "jobs.digits.fallbacks", "relaunch: onFailure"),
    ({**RELAUNCHED, "fallbacks": [{}]}, "jobs.digits.fallbacks.0", "changes nothing"),
    ({**RELAUNCHED, "fallbacks": [{"spot": False}] * 3}, "jobs.digits.fallbacks",
     "set maxAttempts to 4 or more"),
    ({**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.2xlage"}]},
     "jobs.digits.fallbacks.0.instanceType", "ml.g5.2xlarge"),
    ({**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.2xlarge"}], "instanceGroups": GROUPS},
     "jobs.digits.fallbacks.0.instanceType", "spot can still change"),
    ({**RELAUNCHED, "fallbacks": [{"spot": True}], "spot": False, "keepAlive": "30m"},
     "jobs.digits.keepAlive", "from the fallbacks"),
    # inputs
    (channel(path="data", fileSystem=EFS), f"{TRAIN}", "fileSystem"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile"), f"{TRAIN}.manifestPrefixes",
     "name the"),
    (channel(path="data", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"]),
     f"{TRAIN}.s3DataType", "name it with s3Uri"),
    (channel(s3Uri="s3://data/", manifestPrefixes=["s3://data/"]),
     f"{TRAIN}.manifestPrefixes", "remove"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/*"]),
     f"{TRAIN}.manifestPrefixes.0", "wildcards"),
    (channel(**AUGMENTED, mode="File", attributeNames=["label"]), f"{TRAIN}.mode", "mode: Pipe"),
    (channel(**AUGMENTED, mode="FastFile", attributeNames=["label"]), f"{TRAIN}.mode", "Pipe"),
    (channel(**AUGMENTED, mode="Pipe"), f"{TRAIN}.attributeNames", "1 to 16"),
    (channel(**AUGMENTED, mode="Pipe", attributeNames=["a"] * 17), f"{TRAIN}.attributeNames",
     "1 to 16"),
    (channel(s3Uri="s3://data/", attributeNames=["a"]), f"{TRAIN}.attributeNames", "remove"),
    (channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"],
             mode="FastFile"), f"{TRAIN}.mode", "no manifest in FastFile"),
    (channel(s3Uri="s3://data/", compression="Gzip"), f"{TRAIN}.compression", "mode: Pipe"),
    (channel(s3Uri="s3://data/", recordWrapper="RecordIO", mode="FastFile"),
     f"{TRAIN}.recordWrapper", "mode: Pipe"),
    (channel(s3Uri="s3://data/", shuffleSeed=0), f"{TRAIN}.shuffleSeed", "mode: Pipe"),
    (channel(fileSystem=EFS, mode="Pipe"), f"{TRAIN}.mode", "mounted"),
    (channel(fileSystem=EFS, distribution="ShardedByS3Key"), f"{TRAIN}.distribution", "S3 alone"),
    (channel(fileSystem=EFS | {"id": "efs-1"}), f"{TRAIN}.fileSystem.id", "fs-0123"),
    (channel(fileSystem=EFS | {"directoryPath": "data"}), f"{TRAIN}.fileSystem.directoryPath", "/"),
    (channel(fileSystem=EFS | {"securityGroupId": "default"}),
     f"{TRAIN}.fileSystem.securityGroupId", "sg-0123"),
    (channel(fileSystem=EFS | {"type": "FSxLustre", "directoryPath": "/"}),
     f"{TRAIN}.fileSystem.directoryPath", "mount name"),
    (channel(s3Uri="s3://data/", keyArn="alias/data"), f"{TRAIN}.keyArn", "arn:aws:kms"),
    (channel(path="data", keyArn=KEY), f"{TRAIN}.keyArn", "stack's own key"),
    (channel(s3Uri="s3://data/", instanceGroups=["gpu"]), f"{TRAIN}.instanceGroups.0", "none"),
    # secrets
    ({**SECRETS, "networkIsolation": True}, "jobs.digits.networkIsolation", "input channel"),
    (SECRETS | {"secrets": {"HF_TOKEN": "hf_in_plain"}}, "jobs.digits.secrets.HF_TOKEN",
     "(hidden)"),
    (SECRETS | {"secrets": {"HF_TOKEN": SECRET_ARN[:-7]}}, "jobs.digits.secrets.HF_TOKEN",
     "last six characters"),
    (SECRETS | {"secrets": {"HF-TOKEN": SECRET_ARN}}, "jobs.digits.secrets.HF-TOKEN",
     "another name"),
    (SECRETS | {"environment": {"SECRET_ARN_HF_TOKEN": "7"}}, "jobs.digits.secrets.HF_TOKEN",
     "remove environment.SECRET_ARN_HF_TOKEN"),
    (SECRETS | {"secrets": {"HF_TOKEN": {"arn": SECRET_ARN, "keyArn": "key"}}},
     "jobs.digits.secrets.HF_TOKEN.keyArn", "arn:aws:kms"),
    ({"source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--api-key=secret"]}},
     "jobs.digits.source.arguments.0", "Secrets Manager"),
    ({"extra": {"ExperimentConfig": {"RunName": "ghp_" + "a" * 36}}},
     "jobs.digits.extra.ExperimentConfig.RunName", "Secrets Manager"),
    # tags
    ({"tags": {"team": "vision"}}, "jobs.digits.tags.team", "distinguishes the costs"),
    ({"tags": {"aws:x": "y"}}, "jobs.digits.tags.aws:x", "another name"),
    ({"tags": {"sagemaker-training:owner": "y"}}, "jobs.digits.tags.sagemaker-training:owner",
     "another name"),
    ({"tags": {"password": "open sesame"}}, "jobs.digits.tags.password", "Secrets Manager"),
    ({"tags": {"a;b": "y"}}, "jobs.digits.tags.a;b", "and not ;"),
    ({"tags": {"a": "R&D"}}, "jobs.digits.tags.a", "and not &"),
    ({"tags": {"a": "two\nlines"}}, "jobs.digits.tags.a", "and not U+000A"),
    ({"tags": {"a": "y" * 257}}, "jobs.digits.tags.a", "256"),
    ({"tags": {f"t{n}": "" for n in range(41)}}, "jobs.digits.tags", "at most 40"),
    # the API's own limits, told by the setting
    ({"hyperparameters": {"a": "x" * 2501}}, "jobs.digits.hyperparameters.a", "2500"),
    ({"hyperparameters": {f"a{n}": 1 for n in range(101)}}, "jobs.digits.hyperparameters", "100"),
    ({"environment": {"1A": "x"}}, "jobs.digits.environment.1A", "must match"),
    ({"environment": {"A": "x" * 513}}, "jobs.digits.environment.A", "512"),
    ({"metrics": {"m": "(" + "x" * 500 + ")"}}, "jobs.digits.metrics.m", "500"),
    ({"metrics": {f"m{n}": "(x)" for n in range(41)}}, "jobs.digits.metrics", "40"),
    ({"source": {"dir": "src", "entryPoint": "train.py", "arguments": ["x" * 257]}},
     "jobs.digits.source", "256"),
    ({"inputs": {f"c{n}": {"path": "data"} for n in range(20)}}, "jobs.digits.inputs", "20"),
    ({"extra": {"ProfilerConfig": {"Sampling": 1}}}, "jobs.digits.extra.ProfilerConfig.Sampling",
     "not known"),
    ({"extra": {"RemoteDebugConfig": {"EnableRemoteDebug": "yes"}}},
     "jobs.digits.extra.RemoteDebugConfig.EnableRemoteDebug", "true or false"),
    ({"extra": {"DebugHookConfig": {}}}, "jobs.digits.extra.DebugHookConfig.S3OutputPath",
     "required"),
    ({"extra": {"Environment": {"A": "b"}}}, "jobs.digits.extra.Environment", "use environment"),
    ({"extra": {"ResourceConfig": {"InstancePreferences": []}}},
     "jobs.digits.extra.ResourceConfig.InstancePreferences", "use fallbacks"),
    ({"extra": {"StoppingCondition": {"MaxPendingTimeInSeconds": 60}}},
     "jobs.digits.extra.StoppingCondition.MaxPendingTimeInSeconds", "1800"),
    ({"instanceType": "ml.c5.xlarge",
      "extra": {"StoppingCondition": {"MaxPendingTimeInSeconds": 3600}}},
     "jobs.digits.extra.StoppingCondition.MaxPendingTimeInSeconds", "accelerated"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG_JOBS, ids=[row[1] for row in WRONG_JOBS])
def test_a_wrong_job_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job, network=WITH_ENDPOINT), project)
    assert list(found) == [path]
    assert hint in str(found[path])


EXISTING = {"vpcId": "vpc-1", "subnetIds": ["subnet-1"]}
NETWORKS: list[tuple[dict[str, Any], str]] = [
    ({}, "interfaceEndpoints, or set network.nat"),
    (WITH_ENDPOINT, ""),
    ({"nat": "single"}, ""),
    ({"existing": EXISTING}, "endpointGroupId"),
    ({"existing": EXISTING | {"endpointGroupId": "sg-1"}}, ""),
]


@pytest.mark.parametrize(("network", "hint"), NETWORKS)
def test_secrets_need_a_network_that_leads_to_secrets_manager(
    project: Path, network: dict[str, Any], hint: str
) -> None:
    found = problems(stack(SECRETS, network=network), project)
    assert list(found) == (["jobs.digits.secrets"] if hint else [])
    assert hint in "".join(map(str, found.values()))


RIGHT_JOBS: list[dict[str, Any]] = [
    {"image": None, "source": None, "algorithm": "arn:aws:sagemaker:us-east-1:1" + "2" * 11
     + ":algorithm/scan"},
    {"instanceGroups": GROUPS, "distribution": "torchrun", "distributionGroups": ["gpu"]},
    channel(s3Uri="s3://data/", instanceGroups=["gpu"]) | {"instanceGroups": GROUPS},
    channel(s3Uri="s3://data/", mode="Pipe", compression="Gzip", recordWrapper="RecordIO",
            shuffleSeed=0, distribution="ShardedByS3Key", keyArn=KEY),
    channel(**AUGMENTED, mode="Pipe", attributeNames=["image-ref", "label"]),
    channel(s3Uri="s3://data/m", s3DataType="ManifestFile", manifestPrefixes=["s3://data/"]),
    channel(fileSystem=EFS | {"accessMode": "rw"}),
    channel(fileSystem=EFS | {"type": "FSxLustre", "directoryPath": "/fsx/data"}),
    {**RELAUNCHED, "fallbacks": [{"instanceType": "ml.g5.4xlarge"}, {"spot": False}]},
    {"instanceType": "ml.z9.large", "unlistedInstanceType": True},
    {"tags": {"experiment": "a", "owner": "ann@example.org"}},
    {"environment": {"TOKEN_ARN": SECRET_ARN, "max_tokens": "7"}},
    {"extra": {"StoppingCondition": {"MaxPendingTimeInSeconds": 3600}}},
    {"source": None, "extra": {"AlgorithmSpecification": {"ContainerArguments": ["serve"]}}},
]  # fmt: skip


@pytest.mark.parametrize("job", RIGHT_JOBS, ids=str)
def test_a_right_job_is_accepted(project: Path, job: dict[str, Any]) -> None:
    assert problems(stack(job), project) == {}


@pytest.mark.parametrize(
    ("network", "region", "found"),
    [
        (WITH_ENDPOINT, "us-east-1", []),
        (WITH_ENDPOINT, "eu-west-1", ["jobs.digits.secrets.HF_TOKEN"]),
        ({"nat": "single"}, "eu-west-1", []),
    ],
)
def test_a_secret_of_another_region_needs_a_way_out_of_the_network(
    project: Path, network: dict[str, Any], region: str, found: list[str]
) -> None:
    settings, broken = parse(stack(SECRETS, network=network), project)
    assert broken == []
    assert settings is not None
    assert [each.path for each in region_problems(settings, region)] == found
