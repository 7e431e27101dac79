"""The API's own limits, held against the request before anything is registered.

The provider holds the finished request against them once more. Here what breaks them is told by
the setting that it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.problems import Problem
from components.training_job.request.service_model import request_problems
from components.training_job.request.training_request import Placement, overridden, training_request
from components.training_job.settings.job_settings import JobSettings
from components.training_job.settings.secret_settings import SECRET_VARIABLE_PREFIX
from components.unknowns import UNKNOWN

_SETTINGS = {
    "AlgorithmSpecification.AlgorithmName": "algorithm",
    "AlgorithmSpecification.ContainerArguments": "source",
    "AlgorithmSpecification.MetricDefinitions": "metrics",
    "AlgorithmSpecification.TrainingImage": "image",
    "AlgorithmSpecification.TrainingInputMode": "inputs",
    "CheckpointConfig": "spot.checkpoints",
    "EnableInterContainerTrafficEncryption": "instanceCount",
    "EnableManagedSpotTraining": "spot",
    "EnableNetworkIsolation": "networkIsolation",
    "Environment": "environment",
    "HyperParameters": "hyperparameters",
    "InputDataConfig": "inputs",
    "OutputDataConfig.KmsKeyId": "artifacts",
    "OutputDataConfig.S3OutputPath": "artifacts",
    "ResourceConfig.InstanceCount": "instanceCount",
    "ResourceConfig.InstanceGroups": "instanceGroups",
    "ResourceConfig.InstanceType": "instanceType",
    "ResourceConfig.KeepAlivePeriodInSeconds": "keepAlive",
    "ResourceConfig.VolumeKmsKeyId": "artifacts",
    "ResourceConfig.VolumeSizeInGB": "volumeGb",
    "RetryStrategy": "maxRetries",
    "RoleArn": "the execution role",
    "StoppingCondition.MaxRuntimeInSeconds": "maxRuntime",
    "StoppingCondition.MaxWaitTimeInSeconds": "spot.maxWait",
    "Tags": "tags",
    "TrainingJobName": "the job's name",
    "VpcConfig": "network",
}
"""The setting of each part of the request that has one of its own."""

_INSTEAD = {**_SETTINGS, "ResourceConfig.InstancePreferences": "fallbacks"}
"""The setting to use instead of each part that extra may not say."""

_SOURCES_ALONE = frozenset({"AlgorithmSpecification.ContainerArguments"})
"""What only a job with source has a setting for."""

_LISTED = {
    "InputDataConfig.": ("inputs", "ChannelName"),
    "ResourceConfig.InstanceGroups.": ("instanceGroups", "InstanceGroupName"),
    "AlgorithmSpecification.MetricDefinitions.": ("metrics", "Name"),
    "Tags.": ("tags", "Key"),
}
"""The lists of the request, the setting that each comes from, and the member that names an item."""

_LEAVES = {
    "AttributeNames": "attributeNames",
    "ContentType": "contentType",
    "DirectoryPath": "fileSystem.directoryPath",
    "FileSystemId": "fileSystem.id",
    "InstanceCount": "instanceCount",
    "InstanceGroupNames": "instanceGroups",
    "InstanceType": "instanceType",
    "S3Uri": "s3Uri",
    "Seed": "shuffleSeed",
}
"""The setting within an item of a list that each member comes from; other members are the item."""


def limit_problems(job: JobSettings) -> Iterator[Problem]:
    """Every value of a job that the API's own limits refuse."""
    request = training_request(job, _anywhere(job))
    for problem in request_problems(request):
        path = _setting_path(problem.path.removeprefix("request."), request)
        yield Problem(path, problem.value, problem.rule, problem.remedy)


def _anywhere(job: JobSettings) -> Placement:
    """Stands for the placement where only the job's own part of a request counts."""
    return Placement(
        role_arn=UNKNOWN,
        key_arn=UNKNOWN,
        subnet_ids=UNKNOWN,
        security_group_ids=UNKNOWN,
        output_uri=UNKNOWN,
        checkpoint_uri=UNKNOWN,
        code_uri=UNKNOWN if job.source else None,
        input_uris={name: UNKNOWN for name, each in job.inputs.items() if each.s3_uri is None},
        tags={},
    )


def extra_problems(job: JobSettings) -> Iterator[Problem]:
    """What has a setting of its own can't be said by extra, whether that setting is used or not."""
    request = training_request(job.model_copy(update={"extra": {}}), _anywhere(job))
    for path in dict.fromkeys([*_modelled(job.extra), *overridden(request, job.extra)]):
        setting = next((v for k, v in _INSTEAD.items() if f"{path}.".startswith(f"{k}.")), "source")
        rule = "has a setting of its own, which extra may not override"
        yield Problem(f"extra.{path}", "(set)", rule, f"use {setting}")


def _modelled(extra: Mapping[str, Any], parent: str = "") -> Iterator[str]:
    for key, value in extra.items():
        path = f"{parent}{key}"
        if path in _INSTEAD and path not in _SOURCES_ALONE:
            yield path
        elif isinstance(value, Mapping):
            yield from _modelled(value, f"{path}.")


def _setting_path(path: str, request: Mapping[str, Any]) -> str:
    """The path in the settings of a path in the request; what has none there came from extra."""
    plain = re.sub(r"\[\d+\]", "", path)
    for part, (setting, key) in _LISTED.items():
        if plain.startswith(part):
            return ".".join([setting, *_item_path(path, request, key)])
    secret = f"Environment.{SECRET_VARIABLE_PREFIX}"
    if plain.startswith(secret):
        return f"secrets.{plain.removeprefix(secret)}"
    for part, setting in _SETTINGS.items():
        if f"{plain}.".startswith(f"{part}."):
            return setting + plain.removeprefix(part)
    return f"extra.{path}"


def _item_path(path: str, request: Mapping[str, Any], key: str) -> list[str]:
    """The name of the item of a list that a path leads through, and the setting in it."""
    start, index, rest = re.split(r"\[(\d+)\]", path, maxsplit=1)
    items: Any = request
    for member in start.split("."):
        items = items[member]
    leaf = re.sub(r"\[\d+\]", "", rest).rpartition(".")[2]
    return [str(items[int(index)][key]), *([_LEAVES[leaf]] if leaf in _LEAVES else [])]
