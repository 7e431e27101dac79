"""One view of a training job, by whatever route a program makes it.

Routes are this project's dynamic resource, whose `request` is the CreateTrainingJob request;
pulumi-aws's own `aws:sagemaker/trainingJob:TrainingJob`; and any other dynamic resource that has
what a training job has, so that a renamed resource is judged like the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from training_policies.request import Request, named, request_in
from training_policies.resource import MISSING, UNKNOWN, Absence, Resource

OWN_TYPE = "pulumi-python:dynamic/sagemaker:TrainingJob"
AWS_TYPE = "aws:sagemaker/trainingJob:TrainingJob"
_DYNAMIC = ("pulumi-python:dynamic", "pulumi-nodejs:dynamic")


@dataclass(frozen=True)
class InstanceGroup:
    """Instances of one type in a job; each value may be MISSING or UNKNOWN."""

    instance_type: str | Absence
    count: int | Absence


@dataclass(frozen=True)
class Capacity:
    """What one attempt of a job runs on; `spot` may be MISSING or UNKNOWN."""

    groups: Sequence[InstanceGroup]
    spot: bool | Absence


@dataclass(frozen=True)
class TrainingJobView:
    """What policies ask of a training job.

    Times are in seconds. Every value may be MISSING or UNKNOWN; what the service takes for a
    missing one is the policy's affair.
    """

    resource: Resource
    requests: Sequence[Request]
    """The CreateTrainingJob request of the first attempt, then as each fallback changes it."""
    attempts: int | Absence
    """The most launches in a row; 1 where the route knows no relaunch."""

    @property
    def request(self) -> Request:
        """The first attempt's request, read by the API's own names whatever the route."""
        return self.requests[0]

    @property
    def variants(self) -> list[TrainingJobView]:
        """The job as each of its attempts may run: as it is written, then on each fallback."""
        return [replace(self, requests=[request]) for request in self.requests]

    @property
    def groups(self) -> list[InstanceGroup]:
        """The instance groups of the first attempt; one for a job that has none."""
        return _groups(self.request)

    @property
    def capacities(self) -> list[Capacity]:
        """What each attempt may run on."""
        return [Capacity(variant.groups, variant.spot) for variant in self.variants]

    @property
    def name(self) -> str:
        """What people call the job: the name of its resource."""
        return self.resource.name

    @property
    def spot(self) -> Any:
        """EnableManagedSpotTraining."""
        return self.request.read("EnableManagedSpotTraining")

    @property
    def max_runtime(self) -> Any:
        """MaxRuntimeInSeconds."""
        return self.request.read("StoppingCondition.MaxRuntimeInSeconds")

    @property
    def max_wait(self) -> Any:
        """MaxWaitTimeInSeconds."""
        return self.request.read("StoppingCondition.MaxWaitTimeInSeconds")

    @property
    def keep_alive(self) -> Any:
        """KeepAlivePeriodInSeconds."""
        return self.request.read("ResourceConfig.KeepAlivePeriodInSeconds")

    @property
    def image(self) -> Any:
        """The training image's URI."""
        return self.request.read("AlgorithmSpecification.TrainingImage")

    @property
    def tags(self) -> Any:
        """The tags by key, from either form: a list of Key and Value, or a mapping."""
        tags = self.request.read("Tags")
        if not isinstance(tags, list):
            return tags
        pairs = [each if isinstance(each, dict) else {} for each in tags]
        return {named(each, "Key"): named(each, "Value") for each in pairs}

    @property
    def s3_uris(self) -> dict[str, Any]:
        """Each location that the job reads or writes, by what it is for, as `checkpoints`."""
        locations = {
            "output": self.request.read("OutputDataConfig.S3OutputPath"),
            "checkpoints": self.request.read("CheckpointConfig.S3Uri"),
        }
        channels = self.request.read("InputDataConfig")
        for number, _ in enumerate(channels if isinstance(channels, list) else ()):
            channel = f"InputDataConfig.{number}"
            name = self.request.read(f"{channel}.ChannelName")
            label = name if isinstance(name, str) else str(number)
            uri = self.request.read(f"{channel}.DataSource.S3DataSource.S3Uri")
            locations[f"input {label}"] = uri
        if isinstance(channels, Absence) and channels is UNKNOWN:
            locations["inputs"] = UNKNOWN
        return {name: uri for name, uri in locations.items() if uri is not MISSING}


def may_be_training_job(type_: str) -> bool:
    """Whether resources of a type are, or may turn out to be, training jobs."""
    return type_ in (OWN_TYPE, AWS_TYPE) or type_.startswith(_DYNAMIC)


def training_job(resource: Resource) -> TrainingJobView | None:
    """The training job that a resource is; None for any other resource."""
    if not may_be_training_job(resource.type):
        return None
    request = request_in(resource, certain=resource.type in (OWN_TYPE, AWS_TYPE))
    if request is None:
        return None
    requests = [request, *_fallbacks(resource, request)]
    return TrainingJobView(resource, requests, _attempts(resource))


def training_jobs(resources: Sequence[Resource]) -> list[TrainingJobView]:
    """All training jobs among the resources."""
    views = (training_job(each) for each in resources)
    return [view for view in views if view is not None]


def _fallbacks(resource: Resource, request: Request) -> list[Request]:
    """The requests of further attempts; a fallback that can't be read hides all of its request."""
    fallbacks = resource.read("fallbacks")
    if fallbacks is MISSING:
        return []
    if not isinstance(fallbacks, list):
        return [Request(UNKNOWN)]
    return [request.changed_by(each) for each in fallbacks]


def _groups(request: Request) -> list[InstanceGroup]:
    """The instance groups, or the one group of a job that has none; both if both are given."""
    groups = request.read("ResourceConfig.InstanceGroups")
    alone = InstanceGroup(
        request.read("ResourceConfig.InstanceType"), request.read("ResourceConfig.InstanceCount")
    )
    if groups is UNKNOWN:
        return [InstanceGroup(UNKNOWN, UNKNOWN)]
    if not isinstance(groups, list) or not groups:
        return [alone]
    named = [_group(each) for each in groups]
    return named if alone == InstanceGroup(MISSING, MISSING) else [alone, *named]


def _group(group: Any) -> InstanceGroup:
    if not isinstance(group, dict):
        return InstanceGroup(UNKNOWN, UNKNOWN)
    return InstanceGroup(named(group, "InstanceType"), named(group, "InstanceCount"))


def _attempts(resource: Resource) -> int | Absence:
    relaunch, attempts = resource.read("relaunch"), resource.read("max_attempts")
    if relaunch == "never" or attempts is MISSING:
        return 1
    return attempts if isinstance(attempts, int) else UNKNOWN
