"""The training-job operations as a client sees them."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import TrainingJob, Transition
from localcloud.sagemaker.runtime.runner import Runner
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.choice import Sandbox
from tests.localcloud.cloud import LISTEN, Cloud, eventually, refusal, resources, stop


@dataclass(frozen=True)
class Finished:
    """A request and the job that it made."""

    request: dict[str, Any]
    job: dict[str, Any]

    @property
    def name(self) -> dict[str, Any]:
        return {"TrainingJobName": self.request["TrainingJobName"]}


@pytest.fixture(scope="module")
def finished(cloud: Cloud) -> Finished:
    request = cloud.request(
        HyperParameters={"epochs": "3"},
        Environment={"SEED": "1"},
        Tags=[{"Key": "team", "Value": "research"}],
        RetryStrategy={"MaximumRetryAttempts": 2},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
    )
    return Finished(request, cloud.run(**request))


def test_a_description_echoes_the_request_and_its_defaults(finished: Finished):
    request, job = finished.request, finished.job

    for name in request.keys() - {"Tags", "InputDataConfig"}:
        assert job[name] == request[name] or request[name].items() <= job[name].items()
    for sent, shown in zip(request["InputDataConfig"], job["InputDataConfig"], strict=True):
        assert sent.items() <= shown.items()
    assert job["TrainingJobArn"] == (
        f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{request['TrainingJobName']}"
    )
    assert job["OutputDataConfig"]["CompressionType"] == "GZIP"
    assert job["EnableInterContainerTrafficEncryption"] is False
    assert "Tags" not in job


def test_a_name_can_be_used_once(cloud: Cloud, finished: Finished):
    code, message = refusal(cloud.sagemaker.create_training_job, **finished.request)

    assert code == "ResourceInUse"
    assert message.startswith("Training job names must be unique within an AWS account and region")
    assert message.endswith(f"training-job/{finished.name['TrainingJobName']})")


def test_a_name_is_free_in_another_region(cloud: Cloud, finished: Finished):
    elsewhere = cloud.client("sagemaker", "eu-west-1")

    assert refusal(elsewhere.describe_training_job, **finished.name) == (
        "ValidationException",
        "Requested resource not found.",
    )


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_a_job_that_does_not_exist_is_reported(cloud: Cloud, operation: str):
    call = getattr(cloud.sagemaker, operation)
    assert refusal(call, TrainingJobName="missing") == (
        "ValidationException",
        "Requested resource not found.",
    )


def test_a_finished_job_cannot_be_stopped(cloud: Cloud, finished: Finished):
    assert refusal(cloud.sagemaker.stop_training_job, **finished.name) == (
        "ValidationException",
        "The request was rejected because the training job is in status Completed.",
    )


def test_a_finished_job_can_be_deleted_and_its_name_used_again(cloud: Cloud):
    request = cloud.request()
    cloud.run(**request)
    name = {"TrainingJobName": request["TrainingJobName"]}

    cloud.sagemaker.delete_training_job(**name)

    assert refusal(cloud.sagemaker.describe_training_job, **name)[0] == "ValidationException"
    assert refusal(cloud.sagemaker.delete_training_job, **name)[0] == "ResourceNotFound"
    assert cloud.run(**request)["TrainingJobStatus"] == "Completed"


def test_a_job_can_be_stopped_before_it_runs_and_not_be_deleted_until_it_has_ended(cloud: Cloud):
    name = {"TrainingJobName": cloud.create(LISTEN)}
    assert refusal(cloud.sagemaker.delete_training_job, **name)[0] == "ResourceInUse"

    cloud.sagemaker.stop_training_job(**name)

    job = cloud.ended(name["TrainingJobName"])
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"


def test_tags_are_added_replaced_listed_and_deleted(cloud: Cloud, finished: Finished):
    arn = finished.job["TrainingJobArn"]

    cloud.sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "vision"}, {"Key": "x", "Value": ""}]
    )
    assert cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "team", "Value": "vision"},
        {"Key": "x", "Value": ""},
    ]
    cloud.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team", "absent"])
    assert cloud.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "x", "Value": ""}]


def test_tags_of_other_resources_stay_with_the_other_services(cloud: Cloud):
    created = cloud.sagemaker.create_model(ModelName="other", ExecutionRoleArn=cloud.role)

    cloud.sagemaker.add_tags(
        ResourceArn=created["ModelArn"], Tags=[{"Key": "team", "Value": "research"}]
    )

    answer = cloud.sagemaker.list_tags(ResourceArn=created["ModelArn"])
    assert answer["Tags"] == [{"Key": "team", "Value": "research"}]


def test_jobs_are_listed_by_name_status_time_and_page(cloud: Cloud):
    names = [f"listed-{number}" for number in range(3)]
    for name in names:
        cloud.create(TrainingJobName=name)
    ended = [cloud.ended(name) for name in names]

    def listed(**filters: Any) -> list[str]:
        paginator = cloud.sagemaker.get_paginator("list_training_jobs")
        pages = paginator.paginate(NameContains="listed-", **filters)
        return [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]

    assert listed(SortBy="CreationTime", SortOrder="Ascending", MaxResults=2) == names
    assert listed(SortBy="Name", SortOrder="Descending") == names[::-1]
    assert listed(StatusEquals="Completed") == names[::-1]
    assert listed(StatusEquals="Failed") == []
    second = timedelta(seconds=1)
    assert listed(CreationTimeAfter=ended[-1]["CreationTime"] + second) == []
    assert listed(CreationTimeBefore=ended[-1]["CreationTime"] + second) == names[::-1]


def test_keep_alive_has_no_warm_pool_to_change(cloud: Cloud, finished: Finished):
    code, _ = refusal(
        cloud.sagemaker.update_training_job,
        **finished.name,
        ResourceConfig={"KeepAlivePeriodInSeconds": 0},
    )

    assert code == "ValidationException"


def test_a_job_runs_on_a_training_plan_of_its_account_and_region(cloud: Cloud):
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
    job = cloud.run(ResourceConfig={**resources(1), "TrainingPlanArn": plan})
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ResourceConfig"]["TrainingPlanArn"] == plan

    elsewhere = {**resources(1), "TrainingPlanArn": plan.replace("us-east-1", "eu-west-1")}
    request = cloud.request(ResourceConfig=elsewhere)
    code, message = refusal(cloud.sagemaker.create_training_job, **request)
    assert (code, "does not exist" in message) == ("ResourceNotFound", True)


def test_a_training_plan_is_active_and_its_instances_are_in_use_while_a_job_runs(cloud: Cloud):
    arn = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/summer-2027"
    job = cloud.create(
        "import time; time.sleep(60)", ResourceConfig={**resources(1), "TrainingPlanArn": arn}
    )
    described = cloud.sagemaker.describe_training_plan(TrainingPlanName=arn)
    cloud.stop(job)
    after = cloud.sagemaker.describe_training_plan(TrainingPlanName="summer-2027")

    assert (described["Status"], described["TargetResources"]) == ("Active", ["training-job"])
    assert described["EndTime"] - described["StartTime"] > timedelta(days=28)
    assert [each["InUseInstanceCount"] for each in (described, after)] == [1, 0]
    assert after["TrainingPlanArn"] == arn
    code, _ = refusal(
        cloud.sagemaker.describe_training_plan,
        TrainingPlanName=arn.replace("123456789012", "210987654321"),
    )
    assert code == "ResourceNotFound"


def test_the_first_preference_that_has_room_is_selected_and_run(cloud: Cloud):
    preferences = [
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 101},  # above the quota
        {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    ]
    wanted = {"InstancePreferences": preferences, "VolumeSizeInGB": 1}
    job = cloud.run("import os; print(len(os.listdir('/opt/ml')) > 0)", ResourceConfig=wanted)
    assert job["TrainingJobStatus"] == "Completed"
    assert job["ResourceConfig"]["InstancePreferences"] == preferences
    assert job["ResourceConfig"]["SelectedInstanceType"] == "ml.m5.large"
    assert job["ResourceConfig"]["SelectedInstanceCount"] == 1

    none = cloud.request(ResourceConfig={**wanted, "InstancePreferences": preferences[:1]})
    code, message = refusal(cloud.sagemaker.create_training_job, **none)
    assert (code, "ml.c5.xlarge for" in message) == ("ResourceLimitExceeded", True)


def test_botocores_waiter_sees_the_end(cloud: Cloud, finished: Finished):
    waiter = cloud.sagemaker.get_waiter("training_job_completed_or_stopped")

    waiter.wait(**finished.name, WaiterConfig={"Delay": 1, "MaxAttempts": 2})


def test_a_job_that_is_being_stopped_cannot_be_deleted(tmp_path: Path):
    service = restored(tmp_path, "Starting", "Stopping")

    with pytest.raises(ServiceError) as refused:
        service.call("DeleteTrainingJob", {"TrainingJobName": "job"}, "123456789012", "us-east-1")

    assert refused.value.code == "ResourceInUse"


def resumed(folder: Path, *rows: str, ending: bool = False, **changes: Any) -> TrainingService:
    """A service whose only job was resumed; it can't reach the services that it calls."""
    service = restored(folder, *rows, **changes)
    if ending:
        service.prepare_end()
    service.resume(2.0)
    return service


def restored(folder: Path, *rows: str, **changes: Any) -> TrainingService:
    """A service whose only job is known from before, and does not run."""
    settings = Settings(folder, "http://127.0.0.1:9", Sandbox("processes"))
    service = TrainingService(settings, lambda _: None)
    request = {
        "AlgorithmSpecification": {"TrainingImage": "image"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "StoppingCondition": {"MaxRuntimeInSeconds": 0},
        **changes,
    }
    transitions: tuple[Transition, ...] = ()
    for row in rows:
        transitions = statuses.enter(transitions, row, 0.0)
    place = ("job", "123456789012", "us-east-1")
    service.restore([TrainingJob(*place, request, 0.0, 0.0, transitions).document()])
    return service


def test_of_a_job_that_has_ended_only_its_record_is_kept(tmp_path: Path):
    [job] = resumed(tmp_path, "Starting", "Stopping").all_jobs()
    eventually(lambda: statuses.ended(job) or None)

    def of_the_job() -> list[object]:
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, Runner)]

    eventually(lambda: None if of_the_job() else True)


def test_a_job_that_was_stopping_for_a_limit_ends_as_that_limit(tmp_path: Path):
    [job] = resumed(tmp_path, "Starting", "Training", "Stopping").all_jobs()

    eventually(lambda: statuses.ended(job) or None)
    assert statuses.secondary_status(job) == "MaxRuntimeExceeded"


def test_a_job_that_has_waited_for_capacity_as_long_as_it_may_is_stopped(tmp_path: Path):
    [job] = resumed(
        tmp_path,
        "Starting",
        ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        StoppingCondition={"MaxPendingTimeInSeconds": 1800},
    ).all_jobs()

    eventually(lambda: statuses.ended(job) or None)
    assert [row.status for row in job.transitions] == ["Starting", "Stopping", "Stopped"]


@pytest.mark.parametrize(("ending", "status"), [(False, "Failed"), (True, "Starting")])
def test_a_job_that_fails_because_its_server_ends_has_not_failed(
    tmp_path: Path, ending: bool, status: str
):
    [job] = resumed(tmp_path, "Starting", ending=ending).all_jobs()

    eventually(
        lambda: None if any(each.name == "job job" for each in threading.enumerate()) else True
    )
    assert statuses.secondary_status(job) == status


def test_a_creation_while_the_server_ends_is_to_be_sent_again_and_has_no_effect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Cloud
):
    settings = Settings(tmp_path, "http://127.0.0.1:9", Sandbox("processes"))
    service = TrainingService(settings, lambda _: None)
    monkeypatch.setattr(service, "_check_role", lambda *_: None)
    service.prepare_end()

    with pytest.raises(ServiceError) as refused:
        service.call("CreateTrainingJob", cloud.request(), "123456789012", "us-east-1")

    # SDKs send a request again after a 503.
    assert (refused.value.code, refused.value.status) == ("ServiceUnavailable", 503)
    assert service.all_jobs() == []


def test_a_job_is_not_created_before_the_end_of_the_one_whose_instances_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cloud: Cloud
):
    def take(*arguments: Any) -> None:
        ends.append(time.time())  # of another job, while this one is created
        real(*arguments)

    service, ends = restored(tmp_path, "Starting", "Stopped"), list[float]()
    real = service._take_instances
    monkeypatch.setattr(service, "_check_role", lambda *_: None)
    monkeypatch.setattr(service, "_take_instances", take)
    request = cloud.request()

    service.call("CreateTrainingJob", request, "123456789012", "us-east-1")

    [job] = [each for each in service.all_jobs() if each.name == request["TrainingJobName"]]
    assert job.created >= ends[0]
    assert job.transitions[0].start >= ends[0]
    eventually(lambda: statuses.ended(job) or None)


@pytest.mark.deep
def test_of_creations_during_a_stop_exactly_those_that_were_answered_are_there(
    start: Callable[[], Cloud],
):
    cloud = start()
    requests = [cloud.request() for _ in range(80)]
    answers: dict[str, str] = {}

    def create(some: list[dict[str, Any]]) -> None:
        sagemaker = cloud.client("sagemaker")
        for request in some:
            name = request["TrainingJobName"]
            try:
                sagemaker.create_training_job(**request)
                answers[name] = "created"
            except ClientError as error:
                answers[name] = error.response["Error"]["Code"]
            except BotoCoreError:
                return

    threads = [threading.Thread(target=create, args=(requests[at::8],)) for at in range(8)]
    for thread in threads:
        thread.start()
    eventually(lambda: answers or None)
    stop(cloud)
    for thread in threads:
        thread.join()

    created = {name for name, answer in answers.items() if answer == "created"}
    assert set(answers.values()) <= {"created", "ServiceUnavailable"}
    listed = start().sagemaker.get_paginator("list_training_jobs").paginate()
    names = {each["TrainingJobName"] for page in listed for each in page["TrainingJobSummaries"]}
    assert names & answers.keys() == created
