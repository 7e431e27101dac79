"""The rules of CreateTrainingJob for ResourceConfig that are not in the service model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.sagemaker.jobs.instances import instance_groups, instance_types

Document = dict[str, Any]

_LARGEST_VOLUME = 16_384
_MOST_INSTANCES = 250
"""An instance has an address of its own in a network of 256 addresses."""
_READ_ONLY = ("SelectedInstanceType", "SelectedInstanceCount")


def resource_problems(request: Document) -> Iterator[str]:
    """The problems of the instances that a request asks for."""
    resources = request.get("ResourceConfig")
    if resources is None:
        yield "ResourceConfig is required unless ServerlessJobConfig is given"
        return
    for name in _READ_ONLY:
        if name in resources:
            yield f"{name} is read-only and is not accepted in CreateTrainingJob requests"
    if problems := list(_choice(resources)):
        yield from problems
        return
    if request.get("EnableManagedSpotTraining") and "InstancePreferences" in resources:
        yield "InstancePreferences is not supported with managed spot training"
    if request.get("EnableManagedSpotTraining") and resources.get("KeepAlivePeriodInSeconds"):
        yield "KeepAlivePeriodInSeconds is not supported with managed spot training"
    yield from _plan(request)
    groups, preferred = instance_groups(request), "InstancePreferences" in resources
    yield from _counts([[each] for each in groups] if preferred else [groups])
    yield from _volume(resources, {each["InstanceType"] for each in groups})


def _choice(resources: Document) -> Iterator[str]:
    """Problems of the choice between one type and instance groups."""
    if "InstancePreferences" in resources:
        yield from _preferences(resources)
        return
    grouped = "InstanceGroups" in resources
    single = [name for name in ("InstanceType", "InstanceCount") if name in resources]
    if grouped and (single or "KeepAlivePeriodInSeconds" in resources):
        yield (
            "InstanceGroups can't be combined with InstanceType, InstanceCount or "
            "KeepAlivePeriodInSeconds"
        )
    if not resources.get("InstanceGroups") and len(single) < 2:
        yield "InstanceType and InstanceCount are required unless InstanceGroups are given"
    names = [each["InstanceGroupName"] for each in resources.get("InstanceGroups", [])]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Duplicate instance group name {name} in InstanceGroups"


def _plan(request: Document) -> Iterator[str]:
    """Problems of a job on a training plan. AWS documents only that spot is not for it."""
    resources = request["ResourceConfig"]
    if "TrainingPlanArn" not in resources:
        return
    if request.get("EnableManagedSpotTraining"):
        yield "TrainingPlanArn is not supported with managed spot training"
    for name in ("InstanceGroups", "KeepAlivePeriodInSeconds"):
        if name in resources:
            yield f"TrainingPlanArn can't be combined with {name}"


def _preferences(resources: Document) -> Iterator[str]:
    """Problems of a choice among several types, in which AWS documents no warm pool."""
    for name in ("InstanceType", "InstanceGroups", "KeepAlivePeriodInSeconds"):
        if name in resources:
            yield f"InstancePreferences can't be combined with {name}"
    preferences = resources["InstancePreferences"]
    types = [each["InstanceType"] for each in preferences]
    for name in sorted({name for name in types if types.count(name) > 1}):
        yield f"Duplicate instance type {name} in InstancePreferences"
    counted = ["InstanceCount" in each for each in preferences]
    if counted != ["InstanceCount" not in resources] * len(preferences):
        yield "InstanceCount must be set either on every preference or once in ResourceConfig"
    if any("TrainingPlanArns" in each for each in preferences):
        yield "TrainingPlanArns of InstancePreferences are not offered by the local cloud"


def _counts(choices: list[list[Document]]) -> Iterator[str]:
    for each in (each for groups in choices for each in groups):
        if each["InstanceCount"] < 1:
            yield (
                f"Value '{each['InstanceCount']}' at 'resourceConfig.instanceCount' failed to "
                "satisfy constraint: Member must have value greater than or equal to 1"
            )
    if max(sum(each["InstanceCount"] for each in groups) for groups in choices) > _MOST_INSTANCES:
        yield f"A job of more than {_MOST_INSTANCES} instances is not offered by the local cloud"


def _volume(resources: Document, types: set[str]) -> Iterator[str]:
    local = sorted(name for name in types if instance_types()[name].has_local_storage)
    if "VolumeKmsKeyId" in resources and local:
        yield f"VolumeKmsKeyId is not supported for instance type {local[0]}"
    size = resources.get("VolumeSizeInGB")
    if not size and types.difference(local):
        yield f"VolumeSizeInGB is required for instance type {min(types.difference(local))}"
    if size is not None and size > _LARGEST_VOLUME:
        yield f"Invalid VolumeSizeInGB. It must not be greater than {_LARGEST_VOLUME}"
