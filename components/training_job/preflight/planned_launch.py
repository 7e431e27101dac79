"""A launch that is checked before it happens: what it will run on, and what must be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.artifact_layout import INPUTS, object_uri
from components.training_job.aws.images import PrivateImage, private_image
from components.training_job.preflight.quotas import Instances, instances_of
from components.training_job.request.definition import CODE_CHANNEL, Request
from components.training_job.request.fallbacks import all_requests
from components.training_job.request.job_inputs import JobInputs
from components.unknowns import is_unknown


@dataclass(frozen=True)
class Choice:
    """What an attempt runs on: the first choice of a job, or one of its fallbacks."""

    path: str
    """Where it is in the job's inputs."""
    request: Request
    at_once: int = 1
    """How many jobs with this request run at once: the parallel trials of a tuning job."""

    @property
    def instances(self) -> Instances:
        """What it takes of each of the account's quotas."""
        counts = instances_of(self.request)
        return {quota: self.at_once * count for quota, count in counts.items()}


@dataclass(frozen=True)
class Channel:
    """An input channel with data in S3."""

    path: str
    """Where its URI is in the job's inputs."""
    name: str
    uri: str
    is_object: bool
    """Whether the URI is that of an object, a manifest, and not a prefix."""


@dataclass(frozen=True)
class PlannedLaunch:
    """A job's inputs, and what its attempts run on from this launch on.

    Its properties say what must be there. They leave out what is not known yet.
    """

    inputs: JobInputs
    choice: Choice
    """What the launch itself runs on."""
    later: Sequence[Choice]
    """The fallbacks that are left after it."""

    @property
    def image(self) -> PrivateImage | None:
        """The image, where it is in a private registry of ECR."""
        uri = self.choice.request["AlgorithmSpecification"].get("TrainingImage", "")
        return None if is_unknown(uri) else private_image(uri)

    @property
    def training_plan(self) -> str | None:
        """The ARN of the training plan that the launch runs on."""
        arn: str | None = self.choice.request["ResourceConfig"].get("TrainingPlanArn")
        return None if is_unknown(arn) else arn

    @property
    def channels(self) -> list[Channel]:
        """The channels with data in S3, except for those that the stack uploads before it."""
        described = enumerate(self.choice.request.get("InputDataConfig", []))
        channels = [_channel(index, each) for index, each in described]
        return [each for each in channels if self._must_have_objects(each)]

    @property
    def role_arn(self) -> str | None:
        """The ARN of the execution role."""
        arn: str = self.choice.request["RoleArn"]
        return None if is_unknown(arn) else arn

    def _must_have_objects(self, channel: Channel) -> bool:
        if not channel.uri or is_unknown(channel.uri) or channel.name == CODE_CHANNEL:
            return False
        owner = self.inputs.owner
        return is_unknown(owner) or not channel.uri.startswith(object_uri(owner, INPUTS))


def _channel(index: int, described: Mapping[str, Any]) -> Channel:
    """A channel by its place and its description in a request."""
    data = described["DataSource"].get("S3DataSource", {})
    return Channel(
        path=f"request.InputDataConfig[{index}].DataSource.S3DataSource.S3Uri",
        name=described["ChannelName"],
        uri=data.get("S3Uri", ""),
        is_object=data.get("S3DataType", "S3Prefix") != "S3Prefix",
    )


def planned_launch(inputs: JobInputs, number: int) -> PlannedLaunch:
    """The launch of a job on its first choice, 0, or on a fallback, by its number from 1."""
    requests = all_requests(inputs.request, inputs.fallbacks or ())
    paths = ["request", *(f"fallbacks[{index}]" for index in range(len(requests) - 1))]
    at_once = inputs.tuning["ResourceLimits"]["MaxParallelTrainingJobs"] if inputs.tuning else 1
    choices = [Choice(*each, at_once) for each in zip(paths, requests, strict=True)]
    return PlannedLaunch(inputs, choices[number], choices[number + 1 :])
