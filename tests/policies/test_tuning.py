"""A tuning job is read alike by every route, and what can't be read of it is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.policies.subjects import request, resource
from tests.policies.test_training_job import camel
from training_policies.resource import MISSING, UNKNOWN
from training_policies.training_job import (
    OWN_TYPE,
    InstanceGroup,
    TrainingJobView,
    may_be_training_job,
    training_job,
    why_a_job,
)
from training_policies.tuning import AWS_TUNING_TYPE, OWN_TUNING_TYPE, range_values

LIMITS = {
    "MaxNumberOfTrainingJobs": 20,
    "MaxParallelTrainingJobs": 4,
    "MaxRuntimeInSeconds": 86_400,
}
RANGES = {"CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["adamw", "sgd"]}]}
CONFIG = {"Strategy": "Bayesian", "ResourceLimits": LIMITS, "ParameterRanges": RANGES}
TAGS = [{"Key": "team", "Value": "research"}]
DEFINITION = {
    **request("ml.g5.2xlarge", 2),
    "AlgorithmSpecification": {"TrainingImage": "image"},
    "StaticHyperParameters": {"epochs": "3"},
}
CREATE = {
    "HyperParameterTuningJobConfig": CONFIG,
    "TrainingJobDefinition": DEFINITION,
    "Tags": TAGS,
}
BY_AWS = {
    "config": camel(CONFIG),
    "trainingJobDefinition": camel(DEFINITION),
    "tags": {"team": "research"},
}
DYNAMIC = "pulumi-python:dynamic/mine:Search"

ROUTES: list[tuple[str, dict[str, Any]]] = [
    (OWN_TUNING_TYPE, {"request": {**DEFINITION, "Tags": TAGS}, "tuning": CONFIG}),
    (AWS_TUNING_TYPE, BY_AWS),
    (DYNAMIC, {"request": {**DEFINITION, "Tags": TAGS}, "tuning": CONFIG}),
    (DYNAMIC, {"settings": {"body": CREATE}}),
    (DYNAMIC, {"text": json.dumps(json.dumps(CREATE))}),
    (DYNAMIC, BY_AWS),
    (DYNAMIC, {"a": {"hyper_parameter_tuning_job_config": {"resource_limits": {
        "max_number_of_training_jobs": 20, "max_parallel_training_jobs": 4,
        "max_runtime_in_seconds": 86_400}, "ParameterRanges": RANGES},
        "training_job_definition": DEFINITION, "tags": TAGS}}),
    ("acme:index:TuningJob", CREATE),
]  # fmt: skip


def view(type_: str, properties: dict[str, Any]) -> TrainingJobView:
    job = training_job(resource(type_, properties))
    assert job is not None
    return job


def limits(job: TrainingJobView) -> tuple[Any, Any, Any]:
    assert job.tuning is not None
    return job.tuning.trials, job.tuning.parallel, job.tuning.max_runtime


@pytest.mark.parametrize(("type_", "properties"), ROUTES)
def test_every_route_gives_the_same_view(type_: str, properties: dict[str, Any]):
    assert may_be_training_job(type_)
    job = view(type_, properties)
    assert limits(job) == (20, 4, 86_400)
    assert job.at_once == 4
    assert job.groups == [InstanceGroup("ml.g5.2xlarge", 2)]
    assert (job.max_runtime, job.max_wait, job.spot) == (3600, 7200, True)
    assert (job.image, job.attempts, job.tags) == ("image", 1, {"team": "research"})
    assert job.request.read("StaticHyperParameters.epochs") == "3"


def test_a_training_job_is_one_at_once():
    job = view(OWN_TYPE, {"request": request()})
    assert (job.tuning, job.at_once) == (None, 1)


def test_the_tags_of_the_provider_are_those_of_the_trials():
    job = view(AWS_TUNING_TYPE, BY_AWS | {"tagsAll": {"team": "vision", "stack": "dev"}})
    assert job.tags == {"team": "research", "stack": "dev"}


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        # Whether a training job is tuned nevertheless, only its provider knows.
        (OWN_TYPE, {"request": DEFINITION, "tuning": CONFIG}),
        (OWN_TUNING_TYPE, {"request": DEFINITION}),
        (OWN_TUNING_TYPE, {"request": DEFINITION, "tuning": UNKNOWN}),
        (AWS_TUNING_TYPE, {"trainingJobDefinition": DEFINITION, "config": UNKNOWN}),
        (AWS_TUNING_TYPE, {"trainingJobDefinition": DEFINITION}),
        (DYNAMIC, {"trainingJobDefinition": DEFINITION, "config": UNKNOWN}),
        (DYNAMIC, {"body": CREATE, "more": LIMITS | {"MaxParallelTrainingJobs": 9}}),
    ],
)
def test_limits_that_cannot_be_read_are_not_known(type_: str, properties: dict[str, Any]):
    job = view(type_, properties)
    assert not any(isinstance(each, int) for each in limits(job))
    assert job.groups == [InstanceGroup("ml.g5.2xlarge", 2)]


@pytest.mark.parametrize(
    ("type_", "properties"),
    [
        (OWN_TUNING_TYPE, {"request": UNKNOWN, "tuning": CONFIG}),
        (AWS_TUNING_TYPE, {"config": CONFIG}),
        (AWS_TUNING_TYPE, {"config": CONFIG, "trainingJobDefinitions": []}),
        (AWS_TUNING_TYPE, {"config": CONFIG, "trainingJobDefinitions": UNKNOWN}),
        (AWS_TUNING_TYPE, BY_AWS | {"trainingJobDefinitions": [DEFINITION]}),
        (DYNAMIC, {"hyperParameterTuningJobConfig": CONFIG, "trainingJobDefinition": UNKNOWN}),
        (DYNAMIC, {"body": CREATE, "real": request("ml.p5.48xlarge", 9)}),
        (DYNAMIC, {"TrainingJobDefinitions": [DEFINITION, request("ml.p5.48xlarge", 9)]}),
    ],
)
def test_of_trials_whose_definition_cannot_be_read_nothing_is_known(
    type_: str, properties: dict[str, Any]
):
    job = view(type_, properties)
    assert job.tuning is not None
    assert job.groups == [InstanceGroup(UNKNOWN, UNKNOWN)] or job.image is MISSING
    assert not any(isinstance(each.count, int) for each in job.groups)


def test_each_of_several_definitions_is_a_variant():
    other = {**request("ml.p5.48xlarge", 3), "RoleArn": "role"}
    definitions = [camel(DEFINITION), camel(other)]
    job = view(AWS_TUNING_TYPE, {**BY_AWS, "trainingJobDefinition": None,
                                 "trainingJobDefinitions": definitions})  # fmt: skip
    assert [each.groups for each in job.variants] == [
        [InstanceGroup("ml.g5.2xlarge", 2)],
        [InstanceGroup("ml.p5.48xlarge", 3)],
    ]
    assert {each.at_once for each in job.variants} == {4}
    assert [each.tags for each in job.variants] == [{"team": "research"}] * 2


@pytest.mark.parametrize("type_", [AWS_TUNING_TYPE, DYNAMIC])
def test_on_which_of_several_types_a_trial_runs_is_not_known(type_: str):
    configs = {"instanceConfigs": [{"instanceType": "ml.m5.xlarge", "instanceCount": 1}]}
    both = {**camel(DEFINITION), "hyperParameterTuningResourceConfig": configs}
    job = view(type_, {**BY_AWS, "trainingJobDefinition": both})
    assert job.groups == [InstanceGroup(UNKNOWN, UNKNOWN)]


def test_the_longest_time_beside_a_trials_own_members_is_not_the_tunings():
    flat = {
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "max_runtime_in_seconds": 60,
        "max_parallel_training_jobs": 2,
        "max_number_of_training_jobs": 9,
    }
    job = view(DYNAMIC, {"job": flat})
    assert limits(job) == (9, 2, MISSING)
    assert job.max_runtime == 60


def test_the_values_of_categories_are_read_in_the_tuning_and_in_its_definitions():
    job = view(AWS_TUNING_TYPE, {**BY_AWS, "trainingJobDefinition": camel(
        DEFINITION | {"HyperParameterRanges": RANGES})})  # fmt: skip
    assert job.tuning is not None
    found = list(range_values(job.tuning, job.request))
    assert found == [("optimizer", "adamw"), ("optimizer", "sgd")] * 2


def test_a_renamed_tuning_job_says_why_it_counts_as_one():
    assert why_a_job(resource(DYNAMIC, CREATE)) == (
        f"{DYNAMIC} counts as a tuning job: its inputs have the members of a "
        "CreateHyperParameterTuningJob request"
    )
    assert why_a_job(resource(AWS_TUNING_TYPE, BY_AWS)) == ""


@pytest.mark.parametrize(
    "properties",
    [
        {"tuning_job_names": ["a"], "region": "us-east-1"},
        {"training_job_names": ["a"], "best": {"hyperparameters": {"epochs": 3}}},
    ],
)
def test_other_resources_are_no_tuning_jobs(properties: dict[str, Any]):
    assert training_job(resource(DYNAMIC, properties)) is None
