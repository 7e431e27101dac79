"""One view of a training job, whatever route a program creates it by.

Routes are this project's dynamic resources, whose `request` is the CreateTrainingJob request;
pulumi-aws's own `aws:sagemaker/trainingJob:TrainingJob` and `…/hyperParameterTuningJob:…`; and any
other dynamic resource that has what a training job has, so that a renamed resource is judged like
the rest. A tuning job is a training job of which several run at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from training_policies.request import Request, named, request_of, request_within
from training_policies.resource import MISSING, UNKNOWN, Absence, Resource
from training_policies.tuning import (
    AWS_TUNING_TYPE,
    OWN_TUNING_TYPE,
    Tuning,
    trial,
    trials_of,
    tuning_within,
)

OWN_TYPE = "pulumi-python:dynamic/sagemaker:TrainingJob"
AWS_TYPE = "aws:sagemaker/trainingJob:TrainingJob"
_PLAN = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-plan/.+")
_CERTAIN = frozenset({OWN_TYPE, AWS_TYPE, OWN_TUNING_TYPE, AWS_TUNING_TYPE})
_ANYTHING = ("pulumi-python:dynamic", "pulumi-nodejs:dynamic", "aws:cloudcontrol/")
"""The beginnings of types whose resources can be anything."""
_NAMES = (":TrainingJob", ":TuningJob", ":HyperParameterTuningJob")
"""The ends of types whose resources are training jobs, whatever their package."""


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
    for each of several preferred instance types, and for each definition of a tuning job's
    trials."""
    attempts: int | Absence
    """The most launches in a row; 1 where the route knows no relaunch."""
    tuning: Tuning | None = None
    """What limits the trials of a tuning job; None for any other."""

    @property
    def request(self) -> Request:
        """The first attempt's request, read by the API's own names whatever the route."""
        return self.requests[0]

    @property
    def at_once(self) -> Any:
        """How many training jobs it is at once: a tuning job its parallel trials, any other 1."""
        return self.tuning.parallel if self.tuning else 1

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
    return type_.startswith(_ANYTHING) or type_.endswith(_NAMES)


def training_job(resource: Resource) -> TrainingJobView | None:
    """The training job or tuning job that a resource is; None for any other resource."""
    if not may_be_training_job(resource.type):
        return None
    tuning, first = _sent(resource) if resource.type in _CERTAIN else _sent_within(resource)
    attempts = [each for one in first for each in (one, *_fallbacks(resource, one))]
    requests = [each for attempt in attempts for each in attempt.preferred()]
    return TrainingJobView(resource, requests, _attempts(resource), tuning) if requests else None


def _sent(resource: Resource) -> tuple[Tuning | None, list[Request]]:
    """The tuning and the requests of a resource whose type says what it is."""
    properties = resource.read()
    tuning = named(properties, "tuning")
    if resource.type == AWS_TUNING_TYPE:
        is_automatic = named(properties, "Autotune") is not MISSING
        config = Request(named(properties, "config"))
        return Tuning(config, is_automatic), trials_of(properties)
    if resource.type == OWN_TUNING_TYPE:
        return Tuning(Request(tuning)), [request_of(resource)]
    # Whether a training job is tuned nevertheless, only its provider knows.
    hidden = Tuning(Request(UNKNOWN)) if tuning is not MISSING else None
    return hidden, [request_of(resource)]


def _sent_within(resource: Resource) -> tuple[Tuning | None, list[Request]]:
    """The tuning and the request anywhere in a resource of any other type; no request for none."""
    request, tuned = request_within(resource), tuning_within(resource)
    if tuned is None:
        return None, [] if request is None else [request]
    tuning, outer = tuned
    return tuning, [trial(request, outer)] if request else trials_of(outer)


def why_a_job(resource: Resource) -> str:
    """Why a resource of another type is judged as a training job; "" for one that is none."""
    job = None if resource.type in _CERTAIN else training_job(resource)
    if job is None:
        return ""
    kind, call = (
        ("tuning", "CreateHyperParameterTuningJob")
        if job.tuning
        else ("training", "CreateTrainingJob")
    )
    return (
        f"{resource.type} counts as a {kind} job: its inputs have the members of a {call} request"
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
