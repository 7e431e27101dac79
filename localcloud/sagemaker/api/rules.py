"""The rules of CreateTrainingJob that are not in the service model.

Where AWS's own words are known, the messages have them.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from localcloud.protocol.errors import validation_error
from localcloud.sagemaker.api.channel_rules import channel_problems
from localcloud.sagemaker.api.resource_rules import resource_problems
from localcloud.sagemaker.runtime.images import ecr_image
from localcloud.sagemaker.sandbox.file_tree import MACHINE_LEARNING

Document = dict[str, Any]

_LONGEST_RUN = 28 * 86_400
_LONGEST_NAME, _LONGEST_PATH = 255, 1024
"""In bytes. The second is shorter than Linux's limit: the path is below a folder of the server."""
_INPUT = f"{MACHINE_LEARNING}/input"
_SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr")
_PROFILING_INTERVALS = (100, 200, 500, 1000, 5000, 60000)
_NOT_OFFERED = (
    "ServerlessJobConfig",
    "SessionChainingConfig",
    "ModelPackageConfig",
    "MlflowConfig",
    "ResourceConfig.InstancePlacementConfig",
)


def check(request: Document) -> None:
    """Raises the service's ValidationException for the first rule that the request breaks."""
    for rules in _RULES:
        for message in rules(request):
            raise validation_error(message)


def _text(request: Document) -> Iterator[str]:
    """No process can get a NUL, and no file can have one in its name. AWS does not document it."""
    for path, text in _texts(request, ""):
        if "\0" in text:
            yield f"Value at '{path}' must not have the character NUL: {text!r}"


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a value, a map's keys too, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield path, name
            yield from _texts(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _texts(item, f"{path}.{number}")


def _not_offered(request: Document) -> Iterator[str]:
    """Problems with what SageMaker offers and the local cloud does not."""
    for path in _NOT_OFFERED:
        part, _, name = path.rpartition(".")
        if name in (request.get(part, {}) if part else request):
            yield f"{path} is not offered by the local cloud"
    if "AlgorithmName" in request.get("AlgorithmSpecification", {}):
        yield "AlgorithmName is not offered by the local cloud: specify TrainingImage"


def _algorithm(request: Document) -> Iterator[str]:
    algorithm = request.get("AlgorithmSpecification")
    if algorithm is None:
        yield "AlgorithmSpecification is required unless ServerlessJobConfig is given"
        return
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        yield "Exactly one of TrainingImage and AlgorithmName must be specified"
    yield from _image(algorithm, request)
    metrics = algorithm.get("MetricDefinitions", [])
    yield from _duplicates("metric name", (each["Name"] for each in metrics), "MetricDefinitions")
    for metric in metrics:
        try:
            groups = re.compile(metric["Regex"]).groups
        except (re.error, OverflowError, RecursionError) as error:
            yield f"Invalid Regex in MetricDefinition {metric['Name']}: {error}"
        else:
            if groups < 1:
                yield f"Invalid Regex in MetricDefinition {metric['Name']}: it has no group"


def _image(algorithm: Document, request: Document) -> Iterator[str]:
    config = algorithm.get("TrainingImageConfig", {})
    if config.get("TrainingRepositoryAccessMode") == "Vpc":
        if "VpcConfig" not in request:
            yield "TrainingRepositoryAccessMode Vpc requires VpcConfig"
        return
    if "TrainingRepositoryAuthConfig" in config:
        yield "TrainingRepositoryAuthConfig requires TrainingRepositoryAccessMode Vpc"
    if ecr_image(algorithm.get("TrainingImage", "")) is None:
        yield (
            "Invalid training image. Please provide a valid Amazon Elastic Container Registry "
            "path of the Docker image to run."
        )


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


def _checkpoints(request: Document) -> Iterator[str]:
    """AWS does not document valid paths."""
    path = request.get("CheckpointConfig", {}).get("LocalPath")
    if path is None:
        return
    invalid = f"Invalid LocalPath {path}. It must"
    folder = PurePosixPath(path)
    if posixpath.normpath(path) != path.rstrip("/") or not path.startswith("/"):
        # One that leads up would leave the job's files.
        yield f"{invalid} be the full path of a folder"
    if path.startswith("//") or PurePosixPath(MACHINE_LEARNING).is_relative_to(folder):
        yield f"{invalid} be a folder of its own"
    if any(folder.is_relative_to(each) for each in (_INPUT, *_SYSTEM)):
        yield f"{invalid} not be a folder of the system or of the input"
    if len(path.encode()) > _LONGEST_PATH:
        yield f"{invalid} not be longer than {_LONGEST_PATH} bytes"
    if any(len(part.encode()) > _LONGEST_NAME for part in folder.parts):
        yield f"{invalid} not have a name of more than {_LONGEST_NAME} bytes"


def profiler_problems(request: Document) -> Iterator[str]:
    """The problems of a request's ProfilerConfig, to create a job or to update it."""
    interval = request.get("ProfilerConfig", {}).get("ProfilingIntervalInMilliseconds")
    if interval is not None and interval not in _PROFILING_INTERVALS:
        known = ", ".join(map(str, _PROFILING_INTERVALS))
        yield f"Invalid ProfilingIntervalInMilliseconds {interval}. It must be one of {known}"


def _unique_names(request: Document) -> Iterator[str]:
    for member in ("DebugRuleConfigurations", "ProfilerRuleConfigurations"):
        names = (each["RuleConfigurationName"] for each in request.get(member, []))
        yield from _duplicates("rule configuration name", names, member)
    collections = request.get("DebugHookConfig", {}).get("CollectionConfigurations", [])
    named = (each["CollectionName"] for each in collections if "CollectionName" in each)
    yield from _duplicates("collection name", named, "DebugHookConfig")


def _tags(request: Document) -> Iterator[str]:
    yield from tag_problems(request.get("Tags", []))


def tag_problems(tags: list[Document]) -> Iterator[str]:
    """The problems of a list of tags."""
    keys = [tag["Key"] for tag in tags]
    for key, times in sorted(Counter(keys).items()):
        if times > 1:
            yield f"Duplicate tag key {key}"
    for key in keys:
        if key.lower().startswith("aws:"):
            yield f"Tag keys must not start with the reserved prefix aws: {key}"


def _duplicates(what: str, names: Iterable[str], member: str) -> Iterator[str]:
    for name, times in sorted(Counter(names).items()):
        if times > 1:
            yield f"Duplicate {what} {name} in {member}"


_RULES = (
    _text,
    _not_offered,
    _algorithm,
    resource_problems,
    _stopping,
    channel_problems,
    _checkpoints,
    profiler_problems,
    _unique_names,
    _tags,
)
