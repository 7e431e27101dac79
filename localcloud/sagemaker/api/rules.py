"""The rules of CreateTrainingJob that are not in the service model."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from localcloud.protocol.errors import validation_error
from localcloud.sagemaker.runtime.layout import input_mode

Document = dict[str, Any]

_LONGEST_RUN = 28 * 86_400
# Families with local NVMe disks, which the hardware encrypts with its own key.
_LOCAL_STORAGE = re.compile(
    r"ml\.(g4dn|g5|g6|g6e|p3dn|p4d|p4de|p5|p5e|p5en|p6-?\w*|trn1|trn1n|trn2|[cmr]\dg?i?a?dn?)\."
)

_DATA_TYPES = {"S3Prefix", "ManifestFile", "AugmentedManifestFile"}


def check(request: Document) -> None:
    """Raises the service's ValidationException for the first rule that the request breaks."""
    for rules in _RULES:
        for message in rules(request):
            raise validation_error(message)


def _algorithm(request: Document) -> Iterator[str]:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        yield "AlgorithmSpecification is required unless ServerlessJobConfig is given"
        return
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "Exactly one of TrainingImage and AlgorithmName must be specified"
    for metric in algorithm.get("MetricDefinitions", []):
        try:
            groups = re.compile(metric["Regex"]).groups
        except (re.error, OverflowError, RecursionError) as error:
            yield f"Invalid Regex in MetricDefinition {metric['Name']}: {error}"
        else:
            if groups < 1:
                yield f"Invalid Regex in MetricDefinition {metric['Name']}: it has no group"


def _resources(request: Document) -> Iterator[str]:
    resources = request.get("ResourceConfig")
    if resources is None:
        yield "ResourceConfig is required unless ServerlessJobConfig is given"
        return
    grouped = "InstanceGroups" in resources
    single = [name for name in ("InstanceType", "InstanceCount") if name in resources]
    if grouped and (single or "KeepAlivePeriodInSeconds" in resources):
        yield (
            "InstanceGroups can't be combined with InstanceType, InstanceCount or "
            "KeepAlivePeriodInSeconds"
        )
    if not grouped and len(single) < 2:
        yield "InstanceType and InstanceCount are required unless InstanceGroups are given"
    if request.get("EnableManagedSpotTraining") and resources.get("KeepAlivePeriodInSeconds"):
        yield "KeepAlivePeriodInSeconds is not supported with managed spot training"
    if "VolumeKmsKeyId" in resources and _LOCAL_STORAGE.match(resources.get("InstanceType", "")):
        yield f"VolumeKmsKeyId is not supported for instance type {resources['InstanceType']}"


def _stopping(request: Document) -> Iterator[str]:
    condition = request.get("StoppingCondition", {})
    runtime, wait = (
        condition.get("MaxRuntimeInSeconds", 86_400),
        condition.get("MaxWaitTimeInSeconds"),
    )
    if runtime > _LONGEST_RUN:
        yield f"Invalid MaxRuntimeInSeconds. It must not be greater than {_LONGEST_RUN}"
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            yield (
                "Invalid MaxWaitTimeInSeconds. It is only supported when "
                "EnableManagedSpotTraining is set to true"
            )
    elif wait is None or wait < runtime:
        yield (
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            "MaxRuntimeInSeconds"
        )


def _channels(request: Document) -> Iterator[str]:
    channels = request.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Duplicate channel name {name} in InputDataConfig"
    for name in {".", ".."}.intersection(names):
        yield f"Invalid channel name {name}. It can't be a folder's name"
    for channel in channels:
        mode = input_mode(request, channel)
        kind = channel["DataSource"].get("S3DataSource", {}).get("S3DataType")
        where = f"channel {channel['ChannelName']}"
        if kind == "AugmentedManifestFile" and mode != "Pipe":
            yield f"S3DataType AugmentedManifestFile is only supported with Pipe mode: {where}"
        for name in ("CompressionType", "RecordWrapperType"):
            if channel.get(name, "None") != "None" and mode != "Pipe":
                yield f"{name} {channel[name]} is only supported with Pipe mode: {where}"
        if (kind == "AugmentedManifestFile") != bool(_attribute_names(channel)):
            yield (
                "AttributeNames are required with S3DataType AugmentedManifestFile, and not "
                f"supported otherwise: {where}"
            )
        if mode == "FastFile" and kind != "S3Prefix":
            yield f"FastFile mode is only supported with S3DataType S3Prefix: {where}"


def _attribute_names(channel: Document) -> list[str]:
    names: list[str] = channel["DataSource"].get("S3DataSource", {}).get("AttributeNames", [])
    return names


def _checkpoints(request: Document) -> Iterator[str]:
    """AWS does not document valid paths; one that leads up would leave the job's files."""
    path = request.get("CheckpointConfig", {}).get("LocalPath")
    if path is not None and (posixpath.normpath(path) != path.rstrip("/") or path[0] != "/"):
        yield f"Invalid LocalPath {path}. It must be the full path of a folder"


def _tags(request: Document) -> Iterator[str]:
    yield from tag_problems(request.get("Tags", []))


def tag_problems(tags: list[Document]) -> Iterator[str]:
    """The problems of a list of tags."""
    keys = [tag["Key"] for tag in tags]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"Duplicate tag key {key}"
    for key in keys:
        if key.lower().startswith("aws:"):
            yield f"Tag keys must not start with the reserved prefix aws: {key}"


def _not_offered(request: Document) -> Iterator[str]:
    """Problems with what SageMaker offers and the local cloud does not."""
    lacking = "is not offered by the local cloud"
    for name in ("ServerlessJobConfig", "SessionChainingConfig"):
        if name in request:
            yield f"{name} {lacking}"
    if "AlgorithmName" in request["AlgorithmSpecification"]:
        yield f"AlgorithmName {lacking}: specify TrainingImage"
    for name in ("InstancePreferences", "TrainingPlanArn"):
        if name in request["ResourceConfig"]:
            yield f"ResourceConfig.{name} {lacking}"
    for channel in request.get("InputDataConfig", []):
        where = f"channel {channel['ChannelName']}"
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            yield f"A DataSource other than S3DataSource {lacking}: {where}"
        elif source["S3DataType"] not in _DATA_TYPES:
            yield f"S3DataType {source['S3DataType']} {lacking}: {where}"


_RULES = (_algorithm, _resources, _stopping, _channels, _checkpoints, _tags, _not_offered)
