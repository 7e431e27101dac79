"""The training-job operations as a client sees them."""

from __future__ import annotations

import copy
import http.client
import json
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.localcloud.cloud import Cloud, channel


def refusal(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_description_echoes_the_request_and_its_defaults(cloud: Cloud):
    request = cloud.request(
        HyperParameters={"epochs": "3"},
        Environment={"SEED": "1"},
        Tags=[{"Key": "team", "Value": "research"}],
        RetryStrategy={"MaximumRetryAttempts": 2},
        EnableManagedSpotTraining=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
    )

    job = cloud.run(**request)

    for name in request.keys() - {"Tags", "InputDataConfig", "OutputDataConfig"}:
        assert job[name] == request[name] or request[name].items() <= job[name].items()
    assert job["TrainingJobArn"] == (
        f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{request['TrainingJobName']}"
    )
    assert job["OutputDataConfig"]["CompressionType"] == "GZIP"
    assert job["EnableInterContainerTrafficEncryption"] is False
    assert "Tags" not in job


def test_a_name_can_be_used_once(cloud: Cloud):
    request = cloud.request()
    cloud.run(**request)

    code, message = refusal(cloud.sagemaker.create_training_job, **request)

    assert code == "ResourceInUse"
    assert message.startswith("Training job names must be unique within an AWS account and region")
    assert message.endswith(f"training-job/{request['TrainingJobName']})")


def test_a_name_is_free_in_another_region(cloud: Cloud):
    request = cloud.request()
    cloud.run(**request)

    code, message = refusal(
        cloud.client("sagemaker", "eu-west-1").describe_training_job,
        TrainingJobName=request["TrainingJobName"],
    )

    assert (code, message) == ("ValidationException", "Requested resource not found.")


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_a_job_that_does_not_exist_is_told(cloud: Cloud, operation: str):
    call = getattr(cloud.sagemaker, operation)
    assert refusal(call, TrainingJobName="missing") == (
        "ValidationException",
        "Requested resource not found.",
    )


def test_a_finished_job_cannot_be_stopped(cloud: Cloud):
    job = cloud.run()

    assert refusal(cloud.sagemaker.stop_training_job, TrainingJobName=job["TrainingJobName"]) == (
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


def test_a_running_job_cannot_be_deleted(cloud: Cloud):
    name = cloud.create("import time; time.sleep(60)")

    code, _ = refusal(cloud.sagemaker.delete_training_job, TrainingJobName=name)

    assert code == "ResourceInUse"
    cloud.stop(name)


def test_a_job_can_be_stopped_before_it_runs(cloud: Cloud):
    name = cloud.create("import time; time.sleep(60)")

    job = cloud.stop(name)

    assert job["TrainingJobStatus"] == "Stopped"
    assert cloud.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"] == (
        "Stopped"
    )


def test_tags_are_added_replaced_listed_and_deleted(cloud: Cloud):
    job = cloud.run(Tags=[{"Key": "team", "Value": "research"}])
    arn = job["TrainingJobArn"]

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
    names = [f"listed-{number}" for number in range(5)]
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


def test_keep_alive_has_no_warm_pool_to_change(cloud: Cloud):
    job = cloud.run()

    code, _ = refusal(
        cloud.sagemaker.update_training_job,
        TrainingJobName=job["TrainingJobName"],
        ResourceConfig={"KeepAlivePeriodInSeconds": 0},
    )

    assert code == "ValidationException"


def changed(request: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *parents, last = path.split(".")
    document = copy.deepcopy(request)
    place = document
    for parent in parents:
        place = place.setdefault(parent, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


INVALID = [
    (
        "TrainingJobName",
        "a job",
        "Value 'a job' at 'trainingJobName' failed to satisfy constraint: Member must satisfy "
        "regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    (
        "RoleArn",
        None,
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ),
    (
        "ResourceConfig.InstanceCount",
        -1,
        "Value '-1' at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must "
        "have value greater than or equal to",
    ),
    (
        "ResourceConfig.InstanceType",
        "ml.t0.nano",
        "Value 'ml.t0.nano' at 'resourceConfig.instanceType' failed to satisfy constraint: Member "
        "must satisfy enum value set: [",
    ),
    ("ResourceConfig.InstanceCount", "1", "STRING_VALUE can not be converted to an Integer"),
    ("ResourceConfig.InstanceCount", 1.0, "NUMBER_VALUE can not be converted to an Integer"),
    (
        "Environment",
        {"1": "x"},
        "Value '{1=x}' at 'environment' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must satisfy regular expression pattern: ",
    ),
    ("RetryStrategy", {"MaximumRetryAttempts": 99}, "less than or equal to 30"),
    (
        "StoppingCondition.MaxWaitTimeInSeconds",
        90,
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
    ),
    ("EnableManagedSpotTraining", True, "It must be present and be greater than or equal to"),
    ("StoppingCondition.MaxRuntimeInSeconds", 29 * 86_400, "must not be greater than 2419200"),
    ("AlgorithmSpecification.TrainingInputMode", "Pipe", "Pipe mode is not offered by the local"),
    ("AlgorithmSpecification.MetricDefinitions", [{"Name": "m", "Regex": "("}], "Invalid Regex"),
    ("InputDataConfig", [channel("code", "none/")], 'No S3 objects found under S3 URL "s3://'),
    (
        "RoleArn",
        "arn:aws:iam::123456789012:role/absent",
        "Could not assume role arn:aws:iam::123456789012:role/absent.",
    ),
    ("OutputDataConfig.S3OutputPath", "s3://absent/x", "Access denied to OutputDataConfig S3"),
    ("Tags", [{"Key": "a", "Value": "1"}] * 2, "Duplicate tag key a"),
]


@pytest.mark.parametrize(("path", "value", "message"), INVALID)
def test_an_invalid_request_is_refused_in_the_services_words(
    cloud: Cloud, path: str, value: Any, message: str
):
    request = changed(cloud.request(), path, value)

    code, answer = refusal(cloud.sagemaker.create_training_job, **request)

    assert message in answer
    expected = "SerializationException" if "converted" in message else "ValidationException"
    assert code == expected


def test_a_member_that_the_service_does_not_know_is_refused(cloud: Cloud):
    connection = http.client.HTTPConnection("127.0.0.1", cloud.server.port, timeout=10)
    with closing(connection):
        connection.request(
            "POST",
            "/",
            json.dumps(cloud.request(Colour="red")),
            {"X-Amz-Target": "SageMaker.CreateTrainingJob"},
        )
        document = json.loads(connection.getresponse().read())

    assert document["__type"] == "ValidationException"
    assert "Unknown member 'Colour'" in document["message"]


def test_all_mistakes_of_shape_are_told_at_once(cloud: Cloud):
    request = changed(cloud.request(), "RoleArn", "x" * 20) | {"TrainingJobName": "a job"}

    _, message = refusal(cloud.sagemaker.create_training_job, **request)

    assert message.startswith("2 validation errors detected: ")


def test_botocores_waiter_sees_the_end(cloud: Cloud):
    name = cloud.create()

    cloud.sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )

    assert cloud.describe(name)["TrainingJobStatus"] == "Completed"
