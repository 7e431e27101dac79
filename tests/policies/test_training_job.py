from __future__ import annotations

import json
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from training_policies.resource import MISSING, UNKNOWN, Resource
from training_policies.training_job import (
    AWS_TYPE,
    OWN_TYPE,
    Capacity,
    InstanceGroup,
    TrainingJobView,
    may_be_training_job,
    training_job,
    why_a_job,
)

REQUEST = {
    "AlgorithmSpecification": {"TrainingImage": "image"},
    "ResourceConfig": {"InstanceType": "ml.g5.2xlarge", "InstanceCount": 2.0},
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600.0, "MaxWaitTimeInSeconds": 7200.0},
    "EnableManagedSpotTraining": True,
    "OutputDataConfig": {"S3OutputPath": "s3://store/output"},
    "CheckpointConfig": {"S3Uri": UNKNOWN_STRING_VALUE},
    "InputDataConfig": [
        {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://store/train"}}}
    ],
    "Tags": [{"Key": "team", "Value": "research"}],
}


def buried(levels: int) -> Any:
    """A request below so many levels of lists and mappings."""
    request: Any = REQUEST
    for level in range(levels):
        request = {"a": request} if level % 2 else [request]
    return request


def camel(value: Any) -> Any:
    """The request as pulumi-aws writes it."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: camel(each) for key, each in value.items()}
    return [camel(each) for each in value] if isinstance(value, list) else value


FROM_AWS = {
    **{key: each for key, each in camel(REQUEST).items() if key not in ("inputDataConfig", "tags")},
    "inputDataConfigs": camel(REQUEST["InputDataConfig"]),
    "tags": {"team": "research"},
}

ROUTES = {
    OWN_TYPE: {"request": REQUEST, "relaunch": "never", "max_attempts": 3.0},
    AWS_TYPE: FROM_AWS,
    "pulumi-python:dynamic/mine:Run": {"settings": {"body": REQUEST}},
    "pulumi-python:dynamic:Resource": {"args": [FROM_AWS]},
    "pulumi-python:dynamic/deep:Run": {"a": buried(80)},
}


def view(type_: str, properties: dict[str, Any]) -> TrainingJobView:
    job = training_job(Resource(type_, "digits", "urn", unknown_checking_proxy(properties)))
    assert job is not None
    return job


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_gives_the_same_view(route: str):
    job = view(route, ROUTES[route])
    assert job.capacities == [Capacity([InstanceGroup("ml.g5.2xlarge", 2)], spot=True)]
    assert (job.max_runtime, job.max_wait, job.keep_alive) == (3600, 7200, MISSING)
    assert (job.image, job.spot, job.attempts) == ("image", True, 1)
    assert job.tags == {"team": "research"}
    assert job.request.read("OutputDataConfig.S3OutputPath") == "s3://store/output"
    assert job.request.read("CheckpointConfig.S3Uri") is UNKNOWN
    channel = "InputDataConfig.0.DataSource.S3DataSource.S3Uri"
    assert job.request.read(channel) == "s3://store/train"


def test_a_request_in_a_text_or_in_pythons_own_words_is_found():
    text = '{"ResourceConfig": {"InstanceType": "ml.p5.48xlarge"}, "StoppingCondition": {}}'
    hidden = view("pulumi-nodejs:dynamic:Resource", {"body": text})
    assert hidden.capacities[0].groups == [InstanceGroup("ml.p5.48xlarge", MISSING)]
    twice = json.dumps(json.dumps([[json.loads(text)]]))
    assert view("pulumi-nodejs:dynamic:Resource", {"body": twice}).requests == hidden.requests
    flat = {"instance_type": "ml.p5.48xlarge", "instance_count": 8.0, "training_image": "image"}
    renamed = view("pulumi-python:dynamic/a:B", {"job": flat})
    assert renamed.capacities[0].groups == [InstanceGroup("ml.p5.48xlarge", 8)]


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        ("pulumi-python:dynamic/sagemaker:TrainingJobCompletion", {"training_job_names": ["a"]}),
        ("pulumi-python:dynamic/a:Password", {"length": 8.0}),
        ("aws:s3/bucket:Bucket", REQUEST),
    ],
)
def test_other_resources_are_no_training_jobs(type_: str, properties: dict[str, Any]):
    resource = Resource(type_, "other", "urn", unknown_checking_proxy(properties))
    assert training_job(resource) is None


def test_a_resource_that_only_looks_like_a_job_says_why_it_counts_as_one():
    registered = {"training_job_name": "a", "resource_config": {"instance_type": "ml.g5.xlarge"}}
    inputs = unknown_checking_proxy(registered)
    looks = Resource("pulumi-python:dynamic/a:Model", "model", "urn", inputs)
    assert why_a_job(looks) == (
        "pulumi-python:dynamic/a:Model counts as a training job: its inputs have the members of a "
        "CreateTrainingJob request"
    )
    assert why_a_job(Resource(OWN_TYPE, "digits", "urn", inputs)) == ""
    assert why_a_job(Resource("aws:s3/bucket:Bucket", "store", "urn", inputs)) == ""


def test_a_job_whose_request_is_unknown_is_a_job_of_which_nothing_is_known():
    job = view(OWN_TYPE, {"request": UNKNOWN_STRING_VALUE})
    assert job.capacities == [Capacity([InstanceGroup(UNKNOWN, UNKNOWN)], UNKNOWN)]
    assert job.max_runtime is UNKNOWN


def test_instance_groups_are_a_capacity():
    groups = [
        {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1.0, "InstanceGroupName": "a"},
        {"InstanceType": "ml.c5.xlarge", "InstanceCount": 3.0, "InstanceGroupName": "b"},
    ]
    job = view(OWN_TYPE, {"request": {"ResourceConfig": {"InstanceGroups": groups}}})
    wanted = [InstanceGroup("ml.g5.xlarge", 1), InstanceGroup("ml.c5.xlarge", 3)]
    assert job.capacities == [Capacity(wanted, MISSING)]


def test_each_fallback_is_the_request_with_other_members():
    fallback = {
        "ResourceConfig": {"InstanceType": "ml.g6.xlarge", "InstanceCount": 1.0},
        "EnableManagedSpotTraining": False,
        "StoppingCondition": {"MaxRuntimeInSeconds": 60.0},
    }
    job = view(OWN_TYPE, {"request": REQUEST, "fallbacks": [fallback]})
    own, other = job.variants
    assert (own.spot, own.max_wait) == (True, 7200)
    assert (other.spot, other.max_runtime, other.max_wait) == (False, 60, MISSING)
    assert other.groups == [InstanceGroup("ml.g6.xlarge", 1)]
    assert other.image == own.image == "image"


@pytest.mark.parametrize(
    "fallbacks", [UNKNOWN_STRING_VALUE, [UNKNOWN_STRING_VALUE], [{"type": "ml.p5.48xlarge"}], "p5"]
)
def test_of_a_fallback_that_cannot_be_read_nothing_is_known(fallbacks: Any):
    job = view(OWN_TYPE, {"request": REQUEST, "fallbacks": fallbacks})
    assert job.capacities[1:] == [Capacity([InstanceGroup(UNKNOWN, UNKNOWN)], UNKNOWN)]


def test_a_resource_with_several_requests_hides_which_of_them_is_sent():
    other = {**REQUEST, "ResourceConfig": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 9.0}}
    unknown = [Capacity([InstanceGroup(UNKNOWN, UNKNOWN)], UNKNOWN)]
    for properties in (
        {"jobs": [REQUEST, other]},
        {**REQUEST, "real": other},
        {"request": REQUEST, "text": json.dumps(other)},
    ):
        assert view("pulumi-python:dynamic/a:B", properties).capacities == unknown
    twice = {"request": REQUEST, "fallbacks": [], "recorded": REQUEST}
    assert view("pulumi-python:dynamic/a:B", twice).image == "image"


def test_a_renamed_resource_with_fallbacks_is_read_like_the_original():
    fallback = {"ResourceConfig": other_type(), "StoppingCondition": {}}
    renamed = view("pulumi-python:dynamic/a:B", {"request": REQUEST, "fallbacks": [fallback]})
    assert [each.groups[0].instance_type for each in renamed.variants] == [
        "ml.g5.2xlarge",
        "ml.g6.xlarge",
    ]


def other_type() -> dict[str, Any]:
    return {"InstanceType": "ml.g6.xlarge", "InstanceCount": 1.0}


def test_two_spellings_of_one_name_are_not_guessed_between():
    resources = {"InstanceType": "ml.t3.large", "instance_type": "ml.p5.48xlarge"}
    job = view("pulumi-python:dynamic/a:B", {"resource_config": resources, "training_image": "i"})
    assert job.groups == [InstanceGroup(UNKNOWN, MISSING)]


@pytest.mark.parametrize(
    "type_", ["aws:cloudcontrol/resource:Resource", "acme:index:TrainingJob", AWS_TYPE]
)
def test_other_providers_resources_are_looked_into(type_: str):
    state = json.dumps(camel(REQUEST))
    assert may_be_training_job(type_)
    if type_ != AWS_TYPE:
        assert view(type_, {"desiredState": state}).image == "image"


def test_tags_of_the_provider_count_as_the_jobs_own():
    every = {"tagsAll": {"team": "research", "stack": "dev"}}
    assert view(AWS_TYPE, every).tags == every["tagsAll"]
    own = view(AWS_TYPE, every | {"tags": {"team": "vision"}})
    assert own.tags == {"team": "vision", "stack": "dev"}
    assert view(AWS_TYPE, every | {"tags": UNKNOWN_STRING_VALUE}).tags is UNKNOWN


def test_rules_of_the_debugger_run_on_instances_of_their_own():
    rules = [{"RuleConfigurationName": "a", "InstanceType": "ml.m5.large"}, {"RuleName": "free"}]
    request = REQUEST | {"DebugRuleConfigurations": rules}
    assert view(OWN_TYPE, {"request": request}).rule_groups == [InstanceGroup("ml.m5.large", 1)]
    request = REQUEST | {"ProfilerRuleConfigurations": UNKNOWN_STRING_VALUE}
    assert view(OWN_TYPE, {"request": request}).rule_groups == [InstanceGroup(UNKNOWN, UNKNOWN)]


def test_attempts_count_only_where_a_failed_job_is_launched_again():
    request = {"request": REQUEST, "max_attempts": 3.0}
    assert view(OWN_TYPE, request | {"relaunch": "onFailure"}).attempts == 3
    assert view(OWN_TYPE, request | {"relaunch": "never"}).attempts == 1
    assert view(OWN_TYPE, request | {"relaunch": UNKNOWN_STRING_VALUE}).attempts == 3
    assert view(OWN_TYPE, {"request": REQUEST}).attempts == 1
    assert view(OWN_TYPE, {"request": REQUEST, "relaunch": "onFailure"}).attempts is UNKNOWN
