"""AWS in memory, as the providers of training jobs and the watchdog call it."""

# ruff: noqa: N803 — the calls' arguments have the services' own names

from __future__ import annotations

import copy
import io
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

ACCOUNT = "123456789012"
DIGEST = "sha256:" + "0" * 64


_NAME, _ARN, _STATUS = (f"HyperParameterTuningJob{part}" for part in ("Name", "Arn", "Status"))


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
        """The descriptions of training jobs, by name; the trials of tuning jobs are among them."""
        self.tunings: dict[str, dict[str, Any]] = {}
        """The descriptions of tuning jobs, by name."""
        self.old_list: list[dict[str, Any]] | None = None
        """What ListTrainingJobs shows while it is not up to date; None while it is."""
        self.largest_page = 100
        """The most jobs in an answer to ListTrainingJobs or Search."""
        self.now = datetime.now(UTC)
        """The service's clock; each job takes a second to create."""
        self.search_delay = timedelta(minutes=5)
        """How long Search shows a job as it was before a change."""
        self.tags: dict[str, dict[str, str]] = {}
        """The tags of each job, by its ARN."""
        self.images = {"training:1": DIGEST}
        """The digests of images in ECR, by repository and tag."""
        self.objects: dict[str, bytes] = {}
        """The objects in S3, by URI."""
        self.roles = {"execution"}
        self.forbidden: set[str] = set()
        """The actions that no policy of a role allows."""
        self.quotas: dict[str, float] = {}
        """The service quotas of SageMaker, by name."""
        self.training_plans: dict[str, dict[str, Any]] = {}
        """What DescribeTrainingPlan says of each training plan, by its ARN."""
        self.calls: list[str] = []
        """The operations that were called, in order."""
        self.crash_at: tuple[int, str] | None = None
        """The number of the call that crashes, and whether `before` or `after` its effect."""
        self._refusals: dict[str, Iterator[ClientError]] = {}
        self._index: dict[str, list[tuple[datetime, dict[str, Any]]]] = {}

    # What a test sets and reads

    def live(self) -> list[str]:
        """The names of the training jobs that have not ended."""
        states = {name: job["TrainingJobStatus"] for name, job in self.jobs.items()}
        return [name for name, state in states.items() if state in ("InProgress", "Stopping")]

    def live_tunings(self) -> list[str]:
        """The names of the tuning jobs that have not ended."""
        found = self.tunings.items()
        return [name for name, each in found if each[_STATUS] in ("InProgress", "Stopping")]

    def end_tuning(self, name: str, status: str = "Completed", reason: str = "") -> None:
        """Ends a tuning job; its trials stay as they are."""
        self.tunings[name] |= {_STATUS: status}
        if reason:
            self.tunings[name]["FailureReason"] = reason
        self._note(name)

    def add_trial(
        self,
        tuning: str,
        objective: float | None = None,
        status: str = "Completed",
        seconds: int = 3600,
        **others: Any,
    ) -> str:
        """Adds a trial of a tuning job, as it ended or as it runs; returns its name."""
        parent = self.tunings[tuning]
        number = 1 + sum(job.get("TuningJobArn") == parent[_ARN] for job in self.jobs.values())
        name, definition = f"{tuning}-{number:03}-0123abcd", parent["TrainingJobDefinition"]
        static = definition.get("StaticHyperParameters", {})
        tuned = {"learning-rate": f"0.{number}"}
        self.create_training_job(
            TrainingJobName=name,
            HyperParameters=static | tuned | {"_tuning_objective_metric": "loss"},
            Tags=[{"Key": key, "Value": value} for key, value in self.tags[parent[_ARN]].items()],
            ResourceConfig=definition["ResourceConfig"],
        )
        self.calls.pop()
        self.jobs[name] |= {
            "TuningJobArn": parent[_ARN],
            "TunedHyperParameters": tuned,
            "ObjectiveStatus": "Pending" if objective is None else "Succeeded",
            "BillableTimeInSeconds": seconds,
            "TrainingTimeInSeconds": seconds,
            **others,
        }
        if objective is not None:
            metric = {"MetricName": "loss", "Value": objective}
            self.jobs[name]["FinalHyperParameterTuningJobObjectiveMetric"] = metric
        self.set_status(name, status, reason=others.get("FailureReason", ""))
        self._count_trials(parent)
        return name

    def _count_trials(self, tuning: dict[str, Any]) -> None:
        trials = [job for job in self.jobs.values() if job.get("TuningJobArn") == tuning[_ARN]]
        states = Counter(job["TrainingJobStatus"] for job in trials)
        objectives = Counter(job["ObjectiveStatus"] for job in trials)
        tuning["TrainingJobStatusCounters"] = {
            "Completed": states["Completed"],
            "InProgress": states["InProgress"],
            "RetryableError": 0,
            "NonRetryableError": states["Failed"],
            "Stopped": states["Stopped"],
        }
        tuning["ObjectiveStatusCounters"] = {
            key: objectives[key] for key in ("Succeeded", "Pending", "Failed")
        }
        self._note(tuning[_NAME])

    def set_status(self, name: str, status: str, secondary: str = "", reason: str = "") -> None:
        """Gives a job another status; the secondary one is the same where none is given."""
        self.jobs[name] |= {
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "FailureReason": reason,
            "LastModifiedTime": self.now,
        }
        self._note(name)

    def add_history(
        self, jobs: int, prefix: str = "other-team-job-", tags: dict[str, str] | None = None
    ) -> None:
        """Adds jobs that have completed, one a minute until two hours ago.

        Their names are the prefix and a number, from 1.
        """
        last = self.now - timedelta(hours=2, minutes=jobs)
        for number in range(1, jobs + 1):
            name = f"{prefix}{number}"
            arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}"
            self.tags[arn] = dict(tags or {})
            self.jobs[name] = {
                "TrainingJobName": name,
                "TrainingJobArn": arn,
                "TrainingJobStatus": "Completed",
                "SecondaryStatus": "Completed",
                "CreationTime": last + timedelta(minutes=number),
                "ResourceConfig": {},
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

    def create_hyper_parameter_tuning_job(self, **request: Any) -> Any:
        return self._call("CreateHyperParameterTuningJob", lambda: self._create_tuning(request))

    def describe_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> Any:
        return self._call(
            "DescribeHyperParameterTuningJob",
            lambda: dict(self._tuning(HyperParameterTuningJobName)),
        )

    def stop_hyper_parameter_tuning_job(self, HyperParameterTuningJobName: str) -> None:
        self._call(
            "StopHyperParameterTuningJob", lambda: self._stop_tuning(HyperParameterTuningJobName)
        )

    def list_hyper_parameter_tuning_jobs(
        self, MaxResults: int = 10, NextToken: str = "0", **filters: Any
    ) -> Any:
        """A page is cut before the filters are looked at, so it may be empty, and others follow."""

        def find() -> dict[str, Any]:
            page, more = self._page(_newest_first(self.tunings.values()), MaxResults, NextToken)
            listed = [job for job in page if _is_listed(job, _NAME, _STATUS, **filters)]
            return {"HyperParameterTuningJobSummaries": listed} | more

        return self._call("ListHyperParameterTuningJobs", find)

    def list_training_jobs_for_hyper_parameter_tuning_job(
        self,
        HyperParameterTuningJobName: str,
        MaxResults: int = 10,
        NextToken: str = "0",
        StatusEquals: str = "",
        **_: Any,
    ) -> Any:
        def find() -> dict[str, Any]:
            arn = self._tuning(HyperParameterTuningJobName)[_ARN]
            trials = [job for job in self.jobs.values() if job.get("TuningJobArn") == arn]
            wanted = [job for job in trials if StatusEquals in ("", job["TrainingJobStatus"])]
            oldest_first = _newest_first(wanted)[::-1]
            page, more = self._page(oldest_first, MaxResults, NextToken)
            return {"TrainingJobSummaries": [_trial_summary(job) for job in page]} | more

        return self._call("ListTrainingJobsForHyperParameterTuningJob", find)

    def update_training_job(self, TrainingJobName: str, ResourceConfig: dict[str, Any]) -> None:
        (seconds,) = ResourceConfig.values()
        self._call("UpdateTrainingJob", lambda: self._keep(TrainingJobName, seconds))

    def describe_training_plan(self, TrainingPlanName: str) -> Any:
        def find() -> dict[str, Any]:
            if TrainingPlanName not in self.training_plans:
                raise client_error("ResourceNotFound", "no such plan", "DescribeTrainingPlan")
            return self.training_plans[TrainingPlanName]

        return self._call("DescribeTrainingPlan", find)

    def add_tags(self, ResourceArn: str, Tags: list[dict[str, str]]) -> None:
        added = {tag["Key"]: tag["Value"] for tag in Tags}
        self._call("AddTags", lambda: self._change_tags(ResourceArn, added, ()))

    def delete_tags(self, ResourceArn: str, TagKeys: list[str]) -> None:
        self._call("DeleteTags", lambda: self._change_tags(ResourceArn, {}, TagKeys))

    def list_tags(self, ResourceArn: str) -> Any:
        return self._call("ListTags", lambda: self._tags(ResourceArn))

    def list_training_jobs(self, MaxResults: int = 10, NextToken: str = "0", **filters: Any) -> Any:
        """A page is cut before the filters are looked at, so it may be empty, and others follow."""

        def find() -> dict[str, Any]:
            listed = self.jobs.values() if self.old_list is None else self.old_list
            page, more = self._page(_newest_first(listed), MaxResults, NextToken)
            members = ("TrainingJobName", "TrainingJobStatus")
            listed = [job for job in page if _is_listed(job, *members, **filters)]
            return {"TrainingJobSummaries": [_summary(job) for job in listed]} | more

        return self._call("ListTrainingJobs", find)

    def search(
        self,
        Resource: str,
        SearchExpression: dict[str, Any],
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        MaxResults: int = 10,
        NextToken: str = "0",
    ) -> Any:
        def find() -> dict[str, Any]:
            assert (SortBy, SortOrder) == ("CreationTime", "Descending")
            found = [job for job in self._indexed(Resource) if _satisfies(job, SearchExpression)]
            page, more = self._page(_newest_first(found), MaxResults, NextToken)
            return {"Results": [{Resource: job} for job in page]} | more

        return self._call("Search", find)

    def _page(
        self, found: list[dict[str, Any]], most: int, start: str
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """A page, and the token of the next one."""
        end = int(start) + min(most, self.largest_page)
        return found[int(start) : end], {"NextToken": str(end)} if end < len(found) else {}

    def _indexed(self, resource: str) -> Iterator[dict[str, Any]]:
        """The jobs of a kind as Search shows them, with their tags."""
        for name in self.jobs.keys() | self.tunings.keys() | self._index.keys():
            versions = self._index.get(name) or [(datetime.min.replace(tzinfo=UTC), {})]
            seen = [job for time, job in versions if time <= self.now - self.search_delay]
            record = (seen[-1] or self._record(name)) if seen else {}
            if f"{resource}Name" in record:
                yield record

    def _note(self, name: str) -> None:
        """Has Search show a change later."""
        self._index.setdefault(name, []).append((self.now, copy.deepcopy(self._record(name))))

    def _record(self, name: str) -> dict[str, Any]:
        """A job with its tags."""
        job = self.jobs.get(name) or self.tunings[name]
        tags = self.tags.get(job.get("TrainingJobArn") or job[_ARN], {})
        return job | {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _change_tags(self, arn: str, added: dict[str, str], removed: Iterable[str]) -> None:
        self.tags[arn].update(added)
        for key in removed:
            self.tags[arn].pop(key, None)
        self._note(arn.rpartition("/")[2])

    def _create(self, request: dict[str, Any]) -> dict[str, str]:
        name = request["TrainingJobName"]
        if name in self.jobs:
            error = {"Error": {"Code": "ResourceInUse", "Message": "taken"}}
            raise ResourceInUseError(error, "CreateTrainingJob")
        arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/{name}"
        self.now += timedelta(seconds=1)
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        self.jobs[name] = copy.deepcopy(request) | {
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
            "CreationTime": self.now,
        }
        self._note(name)
        return {"TrainingJobArn": arn}

    def _create_tuning(self, request: dict[str, Any]) -> dict[str, str]:
        name = request[_NAME]
        assert len(name) <= 32
        if name in self.tunings:
            error = {"Error": {"Code": "ResourceInUse", "Message": "taken"}}
            raise ResourceInUseError(error, "CreateHyperParameterTuningJob")
        for each in request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", []):
            assert self.tunings[each[_NAME]][_STATUS] in ("Completed", "Failed", "Stopped")
        arn = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:hyper-parameter-tuning-job/{name}"
        self.now += timedelta(seconds=1)
        self.tags[arn] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        members = {key: value for key, value in request.items() if key != "Tags"}
        self.tunings[name] = copy.deepcopy(members) | {
            _ARN: arn,
            _STATUS: "InProgress",
            "CreationTime": self.now,
            "LastModifiedTime": self.now,
        }
        self._count_trials(self.tunings[name])
        return {_ARN: arn}

    def _tuning(self, name: str) -> dict[str, Any]:
        if name not in self.tunings:
            raise client_error("ResourceNotFound", "no such tuning job", "DescribeTuningJob")
        return self.tunings[name]

    def _stop_tuning(self, name: str) -> None:
        tuning = self._tuning(name)
        for job in list(self.jobs.values()):
            if job.get("TuningJobArn") == tuning[_ARN] and job["TrainingJobStatus"] == "InProgress":
                self.set_status(job["TrainingJobName"], "Stopped")
        self._count_trials(tuning)
        self.end_tuning(name, "Stopped")

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
            self._note(name)

    def _keep(self, name: str, seconds: int) -> None:
        self.jobs[name]["ResourceConfig"]["KeepAlivePeriodInSeconds"] = seconds
        if not seconds:
            self.jobs[name]["WarmPoolStatus"] = {"Status": "Terminated"}
        self._note(name)

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

    def put_object(
        self, Bucket: str, Key: str, Body: bytes, IfNoneMatch: str = "", **_: Any
    ) -> None:
        def put() -> None:
            uri = f"s3://{Bucket}/{Key}"
            if uri in self.objects and IfNoneMatch == "*":
                raise client_error("PreconditionFailed", "there is one already", "PutObject")
            self.objects[uri] = Body

        self._call("PutObject", put)

    def get_object(self, Bucket: str, Key: str) -> Any:
        def get() -> dict[str, Any]:
            body = self.objects.get(f"s3://{Bucket}/{Key}")
            if body is None:
                raise client_error("NoSuchKey", "no such key", "GetObject")
            return {"Body": io.BytesIO(body)}

        return self._call("GetObject", get)

    def list_objects_v2(self, Bucket: str, Prefix: str, MaxKeys: int = 1000) -> Any:
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

    def simulate_principal_policy(
        self, PolicySourceArn: str, ActionNames: list[str], ResourceArns: list[str], **_: Any
    ) -> Any:
        def simulate() -> dict[str, Any]:
            if PolicySourceArn.rpartition("/")[2] not in self.roles:
                raise client_error("NoSuchEntity", "no such role", "SimulatePrincipalPolicy")
            results = [self._simulated(action, ResourceArns) for action in ActionNames]
            return {"EvaluationResults": results, "IsTruncated": False}

        return self._call("SimulatePrincipalPolicy", simulate)

    def _simulated(self, action: str, arns: list[str]) -> dict[str, Any]:
        decision = "implicitDeny" if action in self.forbidden else "allowed"
        each = [{"EvalResourceName": arn, "EvalResourceDecision": decision} for arn in arns]
        return {
            "EvalActionName": action,
            "EvalResourceName": "*",
            "EvalDecision": decision,
            "ResourceSpecificResults": each,
        }

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
        event = {"message": "ValueError: no data", "timestamp": 0}
        page = {"events": [event], "nextForwardToken": "end"}
        return self._call("GetLogEvents", page.copy)

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


def _newest_first(jobs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(jobs, key=lambda job: job["CreationTime"], reverse=True)


def _summary(job: dict[str, Any]) -> dict[str, Any]:
    """A job in a list, which does not say whose trial it is."""
    return {key: value for key, value in job.items() if key != "TuningJobArn"}


def _trial_summary(job: dict[str, Any]) -> dict[str, Any]:
    """A trial in the list of a tuning job, which does not say what was billed."""
    members = ("BillableTimeInSeconds", "TrainingTimeInSeconds", "SecondaryStatusTransitions")
    return {key: value for key, value in job.items() if key not in members}


def _is_listed(
    job: dict[str, Any],
    name: str,
    status: str,
    NameContains: str = "",
    CreationTimeAfter: datetime | None = None,
    CreationTimeBefore: datetime | str | None = None,
    StatusEquals: str = "",
    **_: Any,
) -> bool:
    """Whether a job passes the filters of a list, by the members for its name and its status."""
    created = job["CreationTime"]
    before = CreationTimeBefore
    before = datetime.fromisoformat(before) if isinstance(before, str) else before
    return (
        NameContains in job[name]
        and StatusEquals in ("", job[status])
        and (CreationTimeAfter is None or created > CreationTimeAfter)
        and (before is None or created < before)
    )


def _satisfies(job: dict[str, Any], expression: dict[str, Any]) -> bool:
    """Whether a job satisfies a SearchExpression."""
    held = [_passes(job, **each) for each in expression.get("Filters", [])]
    held += [_satisfies(job, each) for each in expression.get("SubExpressions", [])]
    assert held, "a SearchExpression must have a filter or a subexpression"
    return any(held) if expression.get("Operator") == "Or" else all(held)


def _passes(job: dict[str, Any], Name: str, Operator: str, Value: str) -> bool:
    """Whether a job passes one filter of Search; a property that it lacks passes none."""
    kind, _, key = Name.partition(".")
    if kind == "Tags":
        found = next((tag["Value"] for tag in job["Tags"] if tag["Key"] == key), None)
    else:
        found = job.get(Name)
    if isinstance(found, datetime):
        found = found.strftime("%Y-%m-%dT%H:%M:%S")
    compare = {"Equals": operator.eq, "LessThan": operator.lt}[Operator]
    return found is not None and compare(found, Value)
