"""SageMaker's Search for training jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.api import search
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.records import Metric, TrainingJob
from localcloud.server import daemon
from tests.localcloud.cloud import FAST, Cloud, refusal, running_cloud

NEVER = ("--search-delay", "600")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


def job(name: str, hours: float = 0.0, **more: Any) -> TrainingJob:
    """A completed job that was created some hours after noon."""
    created = NOON + hours * HOUR
    transitions = statuses.enter((), "Starting", created)
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://store/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **more.pop("request", {}),
    }
    return TrainingJob(
        name=name,
        account="123456789012",
        region="us-east-1",
        request=request,
        created=created,
        modified=created + 1,
        transitions=statuses.enter(transitions, more.pop("status", "Completed"), created + 1),
        **more,
    )


JOBS = [
    job("vision-1", tags={"team": "vision", "a.b": "1"}),
    job("vision-2", 1, tags={"team": "vision", "released": "true"}, status="Stopped"),
    job(
        "text-1",
        2,
        tags={"team": "text"},
        metrics=(Metric("val:loss", 0.25, NOON),),
        request={
            "HyperParameters": {"rate": "0.5", "optimiser.name": "adam"},
            "EnableManagedSpotTraining": True,
        },
    ),
]


def found(expression: dict[str, Any], **more: Any) -> list[str]:
    request = {"SearchExpression": expression, "SortBy": "TrainingJobName", **more}
    answer = search.search(search.TRAINING_JOBS, JOBS, {"SortOrder": "Ascending", **request}, NOON)
    return [each["TrainingJob"]["TrainingJobName"] for each in answer["Results"]]


def where(name: str, operator: str = "", value: str = "") -> dict[str, Any]:
    filled = {"Name": name, "Operator": operator, "Value": value}
    return {key: text for key, text in filled.items() if text}


ALL = ["text-1", "vision-1", "vision-2"]
FILTERS = [
    (("TrainingJobName", "Equals", "text-1"), ["text-1"]),
    (("TrainingJobName", "", "text-1"), ["text-1"]),
    (("TrainingJobName", "NotEquals", "text-1"), ["vision-1", "vision-2"]),
    (("TrainingJobName", "Contains", "ion-"), ["vision-1", "vision-2"]),
    (("TrainingJobName", "Contains", "ION-"), []),
    (("TrainingJobName", "In", "text-1,vision-2,other"), ["text-1", "vision-2"]),
    (("TrainingJobStatus", "Equals", "Stopped"), ["vision-2"]),
    (("CreationTime", "GreaterThan", "2026-05-01T13:00:00"), ["text-1"]),
    (("CreationTime", "GreaterThanOrEqualTo", "2026-05-01T13:00:00"), ["text-1", "vision-2"]),
    (("CreationTime", "LessThan", "2026-05-01T13:00:00"), ["vision-1"]),
    (("LastModifiedTime", "LessThanOrEqualTo", "2026-05-01T12:00:01"), ["vision-1"]),
    (("Tags.team", "Equals", "vision"), ["vision-1", "vision-2"]),
    (("Tags.a.b", "Equals", "1"), ["vision-1"]),
    (("Tags.released", "Exists"), ["vision-2"]),
    (("Tags.released", "NotExists"), ["text-1", "vision-1"]),
    (("Tags.released", "NotEquals", "true"), []),
    (("Metrics.val:loss", "LessThan", "0.3"), ["text-1"]),
    (("HyperParameters.optimiser.name", "Equals", "adam"), ["text-1"]),
    (("HyperParameters.rate", "GreaterThan", "0.4"), ["text-1"]),
    (("HyperParameters.rate", "GreaterThan", "0"), []),
    (("HyperParameters.optimiser.name", "GreaterThan", "0"), []),
    (("EnableManagedSpotTraining", "Equals", "true"), ["text-1"]),
    (("ResourceConfig.InstanceCount", "Equals", "1"), ALL),
    (("ResourceConfig.InstanceType", "Contains", ".m5."), ALL),
    (("ResourceConfig.VolumeKmsKeyId", "Exists"), []),
]


@pytest.mark.parametrize(("given", "names"), FILTERS)
def test_a_filter_compares_a_property_with_its_value(given: tuple[str, ...], names: list[str]):
    assert found({"Filters": [where(*given)]}) == names


def test_filters_and_subexpressions_are_combined():
    vision, text = where("Tags.team", "Equals", "vision"), where("Tags.team", "Equals", "text")
    first = where("CreationTime", "LessThan", "2026-05-01T12:30:00")

    assert found({"Filters": [vision, first]}) == ["vision-1"]
    assert found({"Filters": [vision, first], "Operator": "Or"}) == ["vision-1", "vision-2"]
    inner = {"Filters": [vision, first]}
    assert found({"Filters": [text], "SubExpressions": [inner], "Operator": "Or"}) == [
        "text-1",
        "vision-1",
    ]


def test_jobs_that_lack_the_property_of_the_order_come_last():
    everything = {"Filters": [where("TrainingJobName", "Exists")]}

    for order in ("Ascending", "Descending"):
        assert found(everything, SortBy="Metrics.val:loss", SortOrder=order)[0] == "text-1"


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("by", ["CreationTime", "TrainingJobName", "Tags.team", "Tags.released"])
def test_a_search_neither_skips_nor_repeats_a_job_when_others_come_and_go(by: str, order: str):
    jobs = [
        job(f"job-{number}", number, tags={"team": "ab"[number % 2]} if number % 3 else {})
        for number in range(2, 8)
    ]
    new = [job("job-1", 1, tags={"team": "a"}), job("job-9", 9)]

    def shown(jobs: list[TrainingJob], **request: Any) -> tuple[list[str], Any]:
        answer = search.search(
            search.TRAINING_JOBS, jobs, {"SortBy": by, "SortOrder": order} | request, NOON
        )
        names = [each["TrainingJob"]["TrainingJobName"] for each in answer["Results"]]
        return names, answer.get("NextToken")

    whole, _ = shown(jobs)
    for size in range(1, 6):
        first, token = shown(jobs, MaxResults=size)
        without = [each for each in jobs if each.name != first[-1]]
        rest, _ = shown([*new, *without], NextToken=token, MaxResults=50)

        assert first == whole[:size]
        assert [name for name in rest if name not in {"job-1", "job-9"}] == whole[size:]


def nested(depth: int) -> dict[str, Any]:
    filters = [where("TrainingJobName", "Exists")] * 20
    below = {"SubExpressions": [nested(depth - 1)]} if depth else {}
    return {"Filters": filters, **below}


SENSELESS = [
    ({}, "at least one subexpression, filter or nested filter"),
    ({"Filters": [where("Colour", "Equals", "red")]}, "Unknown property of training jobs: Colour"),
    ({"Filters": [where("RoleArn.Name", "Equals", "x")]}, "Unknown property"),
    ({"Filters": [where("VpcConfig", "Exists")]}, "VpcConfig has no value"),
    ({"Filters": [where("InputDataConfig.ChannelName", "Equals", "x")]}, "is in a list"),
    ({"Filters": [where("TrainingJobName", "GreaterThan", "x")]}, "is not supported for"),
    ({"Filters": [where("CreationTime", "Contains", "2026")]}, "is not supported for"),
    ({"Filters": [where("CreationTime", "Equals", "2026-05-01")]}, "YYYY-mm-dd'T'HH:MM:SS"),
    ({"Filters": [where("ResourceConfig.InstanceCount", "Equals", "x")]}, "must be a number"),
    ({"Filters": [where("EnableManagedSpotTraining", "Equals", "x")]}, "must be true or false"),
    ({"Filters": [where("TrainingJobName", "Equals")]}, "must have a Value"),
    ({"Filters": [where("TrainingJobName", "Exists", "x")]}, "must not have a Value"),
    (
        {"Filters": [where("TrainingJobName", "Contains", part) for part in "ab"]},
        "'CONTAINS' operator usage limit of 1 exceeded.",
    ),
    (
        {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": []}]},
        "NestedFilters are not offered",
    ),
    (nested(2), "must not have more than 50"),
]


@pytest.mark.parametrize(("expression", "message"), SENSELESS)
def test_a_search_that_makes_no_sense_is_refused(expression: dict[str, Any], message: str):
    with pytest.raises(ServiceError) as caught:
        found(expression)

    assert caught.value.code == "ValidationException"
    assert message in caught.value.message


def test_jobs_are_found_by_name_status_and_tag_with_their_tags(cloud: Cloud):
    names = [f"searched-{number}" for number in range(3)]
    for name in names:
        tags = [{"Key": "series", "Value": "searched"}, {"Key": "name", "Value": name}]
        cloud.create(TrainingJobName=name, Tags=tags, Environment={"SEED": "1"})
    described = {name: cloud.ended(name) for name in names}

    def pages(*filters: dict[str, Any], **more: Any) -> list[list[dict[str, Any]]]:
        series = where("Tags.series", "Equals", "searched")
        expression = {"Filters": [series, *filters]}
        paginator = cloud.sagemaker.get_paginator("search")
        found = paginator.paginate(Resource="TrainingJob", SearchExpression=expression, **more)
        return [[each["TrainingJob"] for each in page["Results"]] for page in found]

    def listed(*filters: dict[str, Any], **more: Any) -> list[list[str]]:
        return [[each["TrainingJobName"] for each in page] for page in pages(*filters, **more)]

    by_name = {"SortBy": "TrainingJobName", "SortOrder": "Ascending"}
    assert listed(**by_name, MaxResults=2) == [names[:2], names[2:]]
    assert listed(SortBy="CreationTime") == [names[::-1]]
    assert listed(where("Tags.name", "Equals", names[1])) == [[names[1]]]
    assert listed(where("TrainingJobStatus", "Equals", "Failed")) == [[]]
    [[first]] = pages(where("TrainingJobName", "Equals", names[0]))
    assert first["Tags"] == [
        {"Key": "series", "Value": "searched"},
        {"Key": "name", "Value": names[0]},
    ]
    for name in ("TrainingJobArn", "TrainingJobStatus", "CreationTime", "Environment"):
        assert first[name] == described[names[0]][name]


def test_a_search_is_refused_with_the_services_code(cloud: Cloud):
    expression = {"Filters": [where("Colour", "Equals", "red")]}

    code, message = refusal(
        cloud.sagemaker.search, Resource="TrainingJob", SearchExpression=expression
    )
    assert (code, message) == ("ValidationException", "Unknown property of training jobs: Colour")
    code, message = refusal(cloud.sagemaker.search, Resource="TrainingJob", MaxResults=101)
    assert code == "ValidationException"
    assert "less than or equal to 100" in message


def test_other_resources_are_found_by_the_other_services(cloud: Cloud):
    cloud.sagemaker.create_model_package_group(ModelPackageGroupName="searched")

    found = cloud.sagemaker.search(Resource="ModelPackageGroup")["Results"]

    assert "searched" in [each["ModelPackageGroup"]["ModelPackageGroupName"] for each in found]


@pytest.fixture
def late(tmp_path: Path) -> Iterator[Cloud]:
    with running_cloud(tmp_path / "cloud", *FAST, *NEVER) as cloud:
        yield cloud


def test_search_sees_neither_a_new_job_nor_a_change_in_time(late: Cloud):
    def seen(cloud: Cloud) -> list[tuple[str, list[dict[str, str]]]]:
        found = cloud.sagemaker.search(Resource="TrainingJob")["Results"]
        jobs = [each["TrainingJob"] for each in found]
        return [(each["TrainingJobStatus"], each["Tags"]) for each in jobs]

    arn = late.run(TrainingJobName="late")["TrainingJobArn"]

    assert len(late.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 1
    assert seen(late) == []
    daemon.stop(late.data)
    again = Cloud(daemon.start(late.data, *FAST, *NEVER), late.data)
    assert seen(again) == [("Completed", [])]
    again.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "vision"}])
    assert seen(again) == [("Completed", [])]
    again.sagemaker.delete_training_job(TrainingJobName="late")
    assert seen(again) == [("Completed", [])]
