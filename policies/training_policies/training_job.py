"""One view of a training job, whatever route a program creates it by.

Routes are this project's dynamic resource, whose `request` is the CreateTrainingJob request;
pulumi-aws's own `aws:sagemaker/trainingJob:TrainingJob`; and any other dynamic resource that has
what a training job has, so that a renamed resource is judged like the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from training_policies.request import Request, named, request_of, request_within
from training_policies.resource import MISSING, UNKNOWN, Absence, Resource

OWN_TYPE = "pulumi-python:dynamic/sagemaker:TrainingJob"
AWS_TYPE = "aws:sagemaker/trainingJob:TrainingJob"
_PLAN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-plan/.+")
_ANYTHING = ("pulumi-python:dynamic", "pulumi-nodejs:dynamic", "aws:cloudcontrol/")
"""The beginnings of types whose resources can be anything."""


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
    """What policies read of a training job.

    Times are in seconds. Every value may be MISSING or UNKNOWN; each policy decides
    what a missing one means.
    """

    resource: Resource
    requests: Sequence[Request]
    """The CreateTrainingJob request of the first attempt, then as each fallback changes it; one
    for each of several preferred instance types."""
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
    def rules(self) -> list[Any]:
        """The rules of the debugger and the profiler; UNKNOWN for any that can't be read."""
        lists = (
            self.request.read("DebugRuleConfigurations"),
            self.request.read("ProfilerRuleConfigurations"),
        )
        listed = [rule for each in lists if isinstance(each, list) for rule in each]
        return [each for each in lists if each is UNKNOWN] + listed

    @property
    def rule_groups(self) -> list[InstanceGroup]:
        """The instances beside the job that rules of the debugger and the profiler run on."""
        types = [named(rule, "InstanceType") for rule in self.rules]
        hidden = [InstanceGroup(UNKNOWN, UNKNOWN) for each in self.rules if each is UNKNOWN]
        return hidden + [InstanceGroup(each, 1) for each in types if each is not MISSING]

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
    def is_prepaid(self) -> bool:
        """Whether it runs on the instances of a training plan; never on spot.

        A plan that is not known may be none, so the job is judged as on demand.
        """
        plan = self.request.read("ResourceConfig.TrainingPlanArn")
        is_plan = isinstance(plan, str) and _PLAN.fullmatch(plan) is not None
        return is_plan and self.spot in (False, MISSING)

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
        """The tags by key, from either form: a list of Key and Value, or a mapping.

        pulumi-aws adds those that the provider gives every resource as `tagsAll`.
        """
        tags, every = self.request.read("Tags"), self.request.read("TagsAll")
        if isinstance(tags, list):
            pairs = [(named(each, "Key"), named(each, "Value")) for each in tags]
            return {key: value for key, value in pairs if isinstance(key, str)}
        if isinstance(every, dict) and tags is not UNKNOWN:
            return every | (tags if isinstance(tags, dict) else {})
        return tags


@cache
def may_be_training_job(type_: str) -> bool:
    """Whether resources of a type are, or may turn out to be, training jobs."""
    return type_.startswith(_ANYTHING) or type_.endswith(":TrainingJob")


def training_job(resource: Resource) -> TrainingJobView | None:
    """The training job that a resource is; None for any other resource."""
    if not may_be_training_job(resource.type):
        return None
    certain = resource.type in (OWN_TYPE, AWS_TYPE)
    request = request_of(resource) if certain else request_within(resource)
    if request is None:
        return None
    attempts = [request, *_fallbacks(resource, request)]
    requests = [each for attempt in attempts for each in attempt.preferred()]
    return TrainingJobView(resource, requests, _attempts(resource))


def why_a_job(resource: Resource) -> str:
    """Why a resource of another type is judged as a training job; "" for one that is none."""
    if resource.type in (OWN_TYPE, AWS_TYPE) or training_job(resource) is None:
        return ""
    return (
        f"{resource.type} counts as a training job: its inputs have the members of a "
        "CreateTrainingJob request"
    )


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
    single = InstanceGroup(
        request.read("ResourceConfig.InstanceType"), request.read("ResourceConfig.InstanceCount")
    )
    if groups is UNKNOWN:
        return [InstanceGroup(UNKNOWN, UNKNOWN)]
    if not isinstance(groups, list) or not groups:
        return [single]
    listed = [_group(each) for each in groups]
    return listed if single == InstanceGroup(MISSING, MISSING) else [single, *listed]


def _group(group: Any) -> InstanceGroup:
    if not isinstance(group, dict):
        return InstanceGroup(UNKNOWN, UNKNOWN)
    return InstanceGroup(named(group, "InstanceType"), named(group, "InstanceCount"))


def _attempts(resource: Resource) -> int | Absence:
    relaunch, attempts = resource.read("relaunch"), resource.read("max_attempts")
    if relaunch == "never" or (relaunch is MISSING and attempts is MISSING):
        return 1
    return attempts if isinstance(attempts, int) else UNKNOWN
