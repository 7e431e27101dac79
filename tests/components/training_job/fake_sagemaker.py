"""SageMaker in memory, which can be made to fail at any call, before or after its effect."""

# ruff: noqa: N803 — the calls' arguments have the service's own names

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from components.training_job.aws.images import Images
from components.training_job.provider import TrainingJobProvider


class CrashError(BaseException):
    """The process dies here."""


class ResourceInUseError(ClientError):  # type: ignore[misc]  # botocore has no types
    """The name is taken."""


def client_error(code: str, message: str, operation: str = "CreateTrainingJob") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class FakeSageMaker:
    """The calls that the lifecycle makes, over a dictionary of jobs."""

    exceptions = SimpleNamespace(ClientError=ClientError, ResourceInUse=ResourceInUseError)

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.calls: list[str] = []
        self.crash_at: tuple[int, str] | None = None
        """The number of the call that crashes, and whether `before` or `after` its effect."""
        self.objects: dict[str, bytes] = {}
        """What was put to S3, by URI."""
        self.refusals: list[ClientError] = []
        """What the next CreateTrainingJob calls are answered with."""
        self.digests = {"1": "sha256:" + "0" * 64}
        """The digests of images by their tags."""
        self._clock = datetime(2026, 1, 1, tzinfo=UTC)

    def create_training_job(self, **request: Any) -> Any:
        return self._call("CreateTrainingJob", lambda: self._create(request))

    def describe_training_job(self, TrainingJobName: str) -> Any:
        return self._call("DescribeTrainingJob", lambda: self._describe(TrainingJobName))

    def stop_training_job(self, TrainingJobName: str) -> None:
        self._call("StopTrainingJob", lambda: self._stop(TrainingJobName))

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> None:
        added = {tag["Key"]: tag["Value"] for tag in Tags}
        self._call("AddTags", lambda: self.tags[ResourceArn].update(added))

    def delete_tags(self, ResourceArn: str, TagKeys: list[str]) -> None:
        self._call("DeleteTags", lambda: [self.tags[ResourceArn].pop(k, None) for k in TagKeys])

    def update_training_job(self, TrainingJobName: str, ResourceConfig: dict[str, Any]) -> None:
        (seconds,) = ResourceConfig.values()
        self._call("UpdateTrainingJob", lambda: self._keep(TrainingJobName, seconds))

    def _keep(self, name: str, seconds: int) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.jobs[name]["ResourceConfig"]["KeepAlivePeriodInSeconds"] = seconds
        if not seconds:
            self.jobs[name]["WarmPoolStatus"] = {"Status": "Terminated"}

    def batch_get_image(self, imageIds: list[dict[str, str]], **_: Any) -> dict[str, Any]:
        """ECR's answer: the registry is at hand too, with the images that have a digest."""
        tags = [each["imageTag"] for each in imageIds if each["imageTag"] in self.digests]
        return {"images": [{"imageId": {"imageDigest": self.digests[tag]}} for tag in tags]}

    def put_object(self, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str, **_: Any) -> None:
        assert IfNoneMatch == "*"
        self._call("PutObject", lambda: self._put(f"s3://{Bucket}/{Key}", Body))

    def get_paginator(self, operation: str) -> SimpleNamespace:
        return SimpleNamespace(paginate=getattr(self, f"_{operation}"))

    def live(self) -> list[str]:
        """The names of the jobs that have not ended."""
        states = {name: job["TrainingJobStatus"] for name, job in self.jobs.items()}
        return [name for name, state in states.items() if state in ("InProgress", "Stopping")]

    def end(self, name: str, status: str, secondary: str = "", reason: str = "") -> None:
        """Let a job end."""
        self.jobs[name] |= {
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "FailureReason": reason,
        }

    def _list_training_jobs(
        self,
        NameContains: str = "",
        CreationTimeAfter: datetime | None = None,
        StatusEquals: str = "",
        MaxResults: int = 10,
        **_: Any,
    ) -> Iterator[dict[str, Any]]:
        named = [
            job
            for name, job in self.jobs.items()
            if NameContains in name and StatusEquals in ("", job["TrainingJobStatus"])
        ]
        after = CreationTimeAfter or datetime.min.replace(tzinfo=UTC)
        found = [job for job in named if job["CreationTime"] > after]
        newest_first = sorted(found, key=lambda job: job["CreationTime"], reverse=True)
        for start in range(0, max(len(newest_first), 1), MaxResults):
            page = {"TrainingJobSummaries": newest_first[start : start + MaxResults]}
            yield self._call("ListTrainingJobs", partial(dict, page))

    def _list_tags(self, ResourceArn: str) -> Iterator[dict[str, Any]]:
        if ResourceArn not in self.tags:
            raise client_error("ValidationException", "Requested resource not found.", "ListTags")
        tags = [{"Key": key, "Value": value} for key, value in self.tags[ResourceArn].items()]
        yield self._call("ListTags", lambda: {"Tags": tags})

    def _create(self, request: dict[str, Any]) -> dict[str, str]:
        if self.refusals:
            raise self.refusals.pop(0)
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise ResourceInUseError(
                {"Error": {"Code": "ResourceInUse", "Message": "taken"}}, "CreateTrainingJob"
            )
        arn = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"
        self._clock += timedelta(seconds=1)
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self.jobs[name] = copy.deepcopy(request) | {
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "CreationTime": self._clock,
        }
        return {"TrainingJobArn": arn}

    def _put(self, uri: str, body: bytes) -> None:
        if uri in self.objects:
            raise client_error("PreconditionFailed", "there is one already", "PutObject")
        self.objects[uri] = body

    def _describe(self, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise client_error("ValidationException", "Requested resource not found.")
        return dict(self.jobs[name])

    def _stop(self, name: str) -> None:
        self.end(name, "Stopped")
        if "KeepAlivePeriodInSeconds" in self.jobs[name]["ResourceConfig"]:
            self.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}

    def _call(self, operation: str, effect: Callable[[], Any]) -> Any:
        self.calls.append(operation)
        moment = self.crash_at[1] if self.crash_at == (len(self.calls), "before") else None
        if moment:
            raise CrashError(operation)
        answer = effect()
        if self.crash_at == (len(self.calls), "after"):
            raise CrashError(operation)
        return answer


def provider_over(sagemaker: FakeSageMaker) -> TrainingJobProvider:
    """The provider with this SageMaker behind it."""
    provider = TrainingJobProvider()
    provider._clients = SimpleNamespace(  # type: ignore[assignment]
        account=lambda _region: "123456789012", client=lambda _service, _region: sagemaker
    )
    provider._images = Images(provider._clients)
    provider._successors = {}
    return provider


def checked(provider: TrainingJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    result = provider.check({}, inputs)
    assert result.failures == []
    return result.inputs


def launch(provider: TrainingJobProvider, inputs: dict[str, Any]) -> dict[str, Any]:
    outs = provider.create(checked(provider, inputs)).outs
    assert outs is not None
    return outs
