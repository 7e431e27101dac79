"""AWS in memory, as the providers of training jobs and the watchdog call it."""

# ruff: noqa: N803 — the calls' arguments have the services' own names

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
DIGEST = "sha256:" + "0" * 64


class CrashError(BaseException):
    """The process dies here."""


class ResourceInUseError(ClientError):  # type: ignore[misc]  # botocore has no types
    """The name is taken."""


def client_error(code: str, message: str, operation: str = "CreateTrainingJob") -> ClientError:
    """An error as a client raises it."""
    answer = {"RequestId": "0", "HTTPStatusCode": 400}
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": answer}, operation
    )


class FakeAws:
    """An account in memory: its training jobs, and what a launch reads and writes beside them.

    It takes the place of AwsClients and of each client that these make. Every call is recorded;
    it can be refused, and the process can die at it, before or after its effect.
    """

    exceptions = SimpleNamespace(ClientError=ClientError, ResourceInUse=ResourceInUseError)

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        """The descriptions of training jobs, by name."""
        self.old_list: list[dict[str, Any]] | None = None
        """What ListTrainingJobs shows while it is not up to date; None while it is."""
        self.largest_page = 100
        """The most jobs in an answer to ListTrainingJobs."""
        self.tags: dict[str, dict[str, str]] = {}
        """The tags of each job, by its ARN."""
        self.images = {"training:1": DIGEST}
        """The digests of images in ECR, by repository and tag."""
        self.objects: dict[str, bytes] = {}
        """The objects in S3, by URI."""
        self.roles = {"execution"}
        self.quotas: dict[str, float] = {}
        """The service quotas of SageMaker, by name."""
        self.calls: list[str] = []
        """The operations that were called, in order."""
        self.crash_at: tuple[int, str] | None = None
        """The number of the call that crashes, and whether `before` or `after` its effect."""
        self._refusals: dict[str, Iterator[ClientError]] = {}
        self._clock = datetime(2026, 1, 1, tzinfo=UTC)

    # What a test sets and reads

    def live(self) -> list[str]:
        """The names of the jobs that have not ended."""
        states = {name: job["TrainingJobStatus"] for name, job in self.jobs.items()}
        return [name for name, state in states.items() if state in ("InProgress", "Stopping")]

    def set_status(self, name: str, status: str, secondary: str = "", reason: str = "") -> None:
        """Gives a job another status; the secondary one is the same where none is given."""
        self.jobs[name] |= {
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "FailureReason": reason,
        }

    def refuse(self, operation: str, code: str, message: str, times: int | None = None) -> None:
        """Answers the next calls of an operation with an error: so many, or all of them."""
        error = client_error(code, message, operation)
        self._refusals[operation] = repeat(error) if times is None else repeat(error, times)

    def deny(self, *operations: str) -> None:
        """Lets the credentials call none of these operations."""
        for each in operations:
            self.refuse(each, "AccessDeniedException", f"not authorized to {each}")

    # AwsClients

    def client(self, _service: str, _region: str) -> FakeAws:
        return self

    def account(self, _region: str) -> str:
        return ACCOUNT

    def get_paginator(self, operation: str) -> SimpleNamespace:
        def paginate(**request: Any) -> Iterator[dict[str, Any]]:
            page = getattr(self, operation)(**request)
            yield page
            while token := page.get("NextToken"):
                page = getattr(self, operation)(**request, NextToken=token)
                yield page

        return SimpleNamespace(paginate=paginate)

    def answer_json(self, operation: str, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the document with which SageMaker answers a call over HTTP."""
        try:
            return 200, getattr(self, xform_name(operation))(**request) or {}
        except ClientError as error:
            refused = error.response["Error"]
            return 400, {"__type": refused["Code"], "message": refused["Message"]}

    # SageMaker

    def create_training_job(self, **request: Any) -> Any:
        return self._call("CreateTrainingJob", lambda: self._create(request))

    def describe_training_job(self, TrainingJobName: str) -> Any:
        return self._call("DescribeTrainingJob", lambda: self._describe(TrainingJobName))

    def stop_training_job(self, TrainingJobName: str) -> None:
        self._call("StopTrainingJob", lambda: self._stop(TrainingJobName))

    def update_training_job(self, TrainingJobName: str, ResourceConfig: dict[str, Any]) -> None:
        (seconds,) = ResourceConfig.values()
        self._call("UpdateTrainingJob", lambda: self._keep(TrainingJobName, seconds))

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> None:
        added = {tag["Key"]: tag["Value"] for tag in Tags}
        self._call("AddTags", lambda: self.tags[ResourceArn].update(added))

    def delete_tags(self, ResourceArn: str, TagKeys: list[str]) -> None:
        self._call("DeleteTags", lambda: [self.tags[ResourceArn].pop(k, None) for k in TagKeys])

    def list_tags(self, ResourceArn: str) -> Any:
        return self._call("ListTags", lambda: self._tags(ResourceArn))

    def list_training_jobs(self, MaxResults: int = 10, NextToken: str = "0", **filters: Any) -> Any:
        def find() -> dict[str, Any]:
            found = self._newest_first(**filters)
            start, end = int(NextToken), int(NextToken) + min(MaxResults, self.largest_page)
            more = {"NextToken": str(end)} if end < len(found) else {}
            return {"TrainingJobSummaries": found[start:end], **more}

        return self._call("ListTrainingJobs", find)

    def _newest_first(
        self,
        NameContains: str = "",
        CreationTimeAfter: datetime | None = None,
        StatusEquals: str = "",
        **_: Any,
    ) -> list[dict[str, Any]]:
        after = CreationTimeAfter or datetime.min.replace(tzinfo=UTC)
        found = [
            job
            for job in (self.jobs.values() if self.old_list is None else self.old_list)
            if NameContains in job["TrainingJobName"]
            and StatusEquals in ("", job["TrainingJobStatus"])
            and job["CreationTime"] > after
        ]
        return sorted(found, key=lambda job: job["CreationTime"], reverse=True)

    def _create(self, request: dict[str, Any]) -> dict[str, str]:
        name = request["TrainingJobName"]
        if name in self.jobs:
            error = {"Error": {"Code": "ResourceInUse", "Message": "taken"}}
            raise ResourceInUseError(error, "CreateTrainingJob")
        arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}"
        self._clock += timedelta(seconds=1)
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self.jobs[name] = copy.deepcopy(request) | {
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "CreationTime": self._clock,
        }
        return {"TrainingJobArn": arn}

    def _describe(self, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise client_error(
                "ValidationException", "Requested resource not found.", "DescribeTrainingJob"
            )
        return dict(self.jobs[name])

    def _stop(self, name: str) -> None:
        self.set_status(name, "Stopped")
        if "KeepAlivePeriodInSeconds" in self.jobs[name]["ResourceConfig"]:
            self.jobs[name]["WarmPoolStatus"] = {"Status": "Available"}

    def _keep(self, name: str, seconds: int) -> None:
        self.jobs[name]["ResourceConfig"]["KeepAlivePeriodInSeconds"] = seconds
        if not seconds:
            self.jobs[name]["WarmPoolStatus"] = {"Status": "Terminated"}

    def _tags(self, arn: str) -> dict[str, Any]:
        if arn not in self.tags:
            raise client_error("ValidationException", "Requested resource not found.", "ListTags")
        return {"Tags": [{"Key": key, "Value": value} for key, value in self.tags[arn].items()]}

    # ECR, S3, IAM, Service Quotas and CloudWatch Logs

    def batch_get_image(
        self, registryId: str, repositoryName: str, imageIds: list[dict[str, str]]
    ) -> Any:
        def find() -> dict[str, Any]:
            assert registryId == ACCOUNT
            if not any(each.startswith(f"{repositoryName}:") for each in self.images):
                raise client_error(
                    "RepositoryNotFoundException", "no such repository", "BatchGetImage"
                )
            names = [f"{repositoryName}:{each['imageTag']}" for each in imageIds]
            digests = [self.images[name] for name in names if name in self.images]
            return {"images": [{"imageId": {"imageDigest": digest}} for digest in digests]}

        return self._call("BatchGetImage", find)

    def put_object(self, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str, **_: Any) -> None:
        def put() -> None:
            assert IfNoneMatch == "*"
            uri = f"s3://{Bucket}/{Key}"
            if uri in self.objects:
                raise client_error("PreconditionFailed", "there is one already", "PutObject")
            self.objects[uri] = Body

        self._call("PutObject", put)

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int) -> Any:
        def find() -> dict[str, Any]:
            if not any(uri.startswith(f"s3://{Bucket}/") for uri in self.objects):
                raise client_error("NoSuchBucket", "no such bucket", "ListObjectsV2")
            found = sorted(uri for uri in self.objects if uri.startswith(f"s3://{Bucket}/{Prefix}"))
            return {"Contents": [{"Key": uri} for uri in found[:MaxKeys]]} if found else {}

        return self._call("ListObjectsV2", find)

    def get_role(self, RoleName: str) -> None:
        def find() -> None:
            if RoleName not in self.roles:
                raise client_error("NoSuchEntity", "no such role", "GetRole")

        self._call("GetRole", find)

    def list_service_quotas(self, ServiceCode: str, **_: Any) -> Any:
        assert ServiceCode == "sagemaker"
        quotas = [
            {"QuotaName": name, "QuotaCode": f"L-{number:08}", "Value": value}
            for number, (name, value) in enumerate(self.quotas.items())
        ]
        return self._call("ListServiceQuotas", lambda: {"Quotas": quotas})

    def describe_log_streams(self, logStreamNamePrefix: str, **_: Any) -> Any:
        """One stream for each of two instances."""
        names = [f"{logStreamNamePrefix}algo-{number}-1700000000" for number in (1, 2)]
        streams = {"logStreams": [{"logStreamName": name} for name in names]}
        return self._call("DescribeLogStreams", streams.copy)

    def get_log_events(self, **_: Any) -> Any:
        return self._call("GetLogEvents", {"events": [{"message": "ValueError: no data"}]}.copy)

    def _call(self, operation: str, effect: Callable[[], Any]) -> Any:
        self.calls.append(operation)
        number = len(self.calls)
        if self.crash_at == (number, "before"):
            raise CrashError(operation)
        if refusal := next(self._refusals.get(operation, iter(())), None):
            raise refusal
        answer = effect()
        if self.crash_at == (number, "after"):
            raise CrashError(operation)
        return answer
