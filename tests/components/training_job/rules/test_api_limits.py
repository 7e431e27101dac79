"""The API's own limits: each is reported by the setting that breaks it, and none is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.problems import Problem
from components.training_job.request.definition import as_text
from components.training_job.request.service_model import request_problems, request_shape
from components.training_job.request.training_request import training_request
from components.training_job.rules.api_limits import extra_problems, limit_problems
from components.training_job.settings.input_settings import FileSystemSettings, InputSettings
from components.training_job.settings.job_settings import (
    InstanceGroupSettings,
    JobSettings,
    SpotSettings,
)
from components.training_job.settings.request_members import Becomes, marked_fields
from components.validation import SettingsModel, validate
from tests.components.training_job.any_job import CHANNELS, jobs
from tests.components.training_job.conftest import PLACEMENT
from tests.raw_settings import problems, stack

Raw = dict[str, Any]
FEWER = settings(max_examples=60)
STRUCTURES: dict[type[SettingsModel], str] = {
    JobSettings: "",
    SpotSettings: "",
    InstanceGroupSettings: "ResourceConfig.InstanceGroups.",
    InputSettings: "InputDataConfig.",
    FileSystemSettings: "InputDataConfig.DataSource.FileSystemDataSource.",
}
"""Where in the request is what each section becomes."""


def problems_of(job: JobSettings) -> list[Problem]:
    return [*limit_problems(job), *extra_problems(job)]


def values_at(path: str, request: Any) -> list[Any]:
    """The values at a dotted path of a request: one of each item where there are lists."""
    if isinstance(request, list):
        return [value for item in request for value in values_at(path, item)]
    member, _, rest = path.partition(".")
    if member not in request:
        return []
    return values_at(rest, request[member]) if rest else [request[member]]


def shape_at(path: str) -> Any:
    shape = request_shape()
    for member in path.split("."):
        shape = getattr(shape, "member", shape).members[member]
    return shape


def sections_of(job: JobSettings) -> Iterator[SettingsModel]:
    yield job
    yield from job.instance_groups.values()
    yield from job.inputs.values()
    yield from (each.file_system for each in job.inputs.values() if each.file_system)


def as_requested(value: Any, becomes: Becomes) -> Any:
    """A setting as it is written in the request."""
    if becomes.value:
        items = sorted(value.items())
        return [{becomes.name: name, becomes.value: each} for name, each in items]
    if isinstance(value, dict):
        return {name: as_text(each) for name, each in value.items()}
    return value


@FEWER
@given(jobs())
def test_each_setting_is_in_the_request_where_its_marker_says(raw: Raw) -> None:
    job = JobSettings.model_validate(raw)
    request = training_request(job, replace(PLACEMENT, tags={}))
    for section in sections_of(job):
        for field in marked_fields(type(section)):
            value, becomes = getattr(section, field.attribute), field.becomes
            if becomes is None or field.attribute not in section.model_fields_set:
                continue
            if value in ({}, "None") or (becomes.name and not becomes.value):
                continue  # not in the request, or a section that has markers of its own
            if not field.section:
                found = values_at(f"{STRUCTURES[type(section)]}{becomes.path}", request)
                assert as_requested(value, becomes) in found, field.key


def test_each_marker_names_a_member_that_the_api_has() -> None:
    for section, structure in STRUCTURES.items():
        for field in marked_fields(section):
            assert all(shape_at(marker.path) for marker in field.decides)
            if field.becomes:
                shape = shape_at(f"{structure}{field.becomes.path}")
                named = {field.becomes.name, field.becomes.value} - {""}
                assert not named or named <= shape.member.members.keys()


TEXTS = st.sampled_from(
    ["", "a", "1", "-", "a b", "ä", "a\nb", "a,b", "A_1", "s3://data/a", "s3:///",
     *("x" * length for length in (64, 65, 250, 257, 501, 513, 1100, 2501))]
)  # fmt: skip
MANY = st.integers(0, 130)
EXTRAS: list[Raw] = [
    {"Rolearn": "x"}, {"ResourceConfig": "x"}, {"ResourceConfig": None}, {"RetryStrategy": {}},
    {"ResourceConfig": {"TrainingPlanArn": "x"}}, {"ResourceConfig": {"TrainingPlan": "x"}},
    {"OutputDataConfig": {"CompressionType": "ZIP"}}, {"CheckpointConfig": {}},
    {"OutputDataConfig": {"CompressionType": "GZIP"}}, {"ProfilerConfig": {"Sampling": 1}},
    {"StoppingCondition": {"MaxPendingTimeInSeconds": 60}}, {"TrainingJobName": ""},
    {"ResourceConfig": {"KeepAlivePeriodInSeconds": -1}}, {"ExperimentConfig": {"RunName": ""}},
    {"AlgorithmSpecification": {"ContainerArguments": []}}, {"VpcConfig": {}}, {"Tags": [7]},
    {"AlgorithmSpecification": {"EnableSageMakerMetricsTimeSeries": "yes"}},
    {"AlgorithmSpecification": {"TrainingImageConfig": {}}}, {"DebugRuleConfigurations": [{}]},
    {"RemoteDebugConfig": None}, {"DebugHookConfig": {"S3OutputPath": "x"}},
]  # fmt: skip


def numbered(prefix: str, value: Any) -> st.SearchStrategy[Raw]:
    return MANY.map(lambda count: {f"{prefix}{number}": value for number in range(count)})


def named(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Raw]:
    return st.dictionaries(TEXTS, values, min_size=1, max_size=3)


CHANGES: st.SearchStrategy[Raw] = st.one_of(
    st.fixed_dictionaries({"image": TEXTS}),
    st.fixed_dictionaries({"algorithm": TEXTS}),
    st.fixed_dictionaries({"hyperparameters": named(TEXTS) | numbered("a", 1)}),
    st.fixed_dictionaries({"hyperparameters": st.just({"a": 10**2600})}),
    st.fixed_dictionaries(
        {"environment": named(TEXTS) | numbered("A", "x")},
        optional={"secrets": named(TEXTS) | numbered("A", "arn")},
    ),
    st.fixed_dictionaries({"metrics": named(TEXTS) | numbered("a", "(x)")}),
    st.fixed_dictionaries({"tags": named(TEXTS)}),
    st.fixed_dictionaries({"instanceGroups": named(st.just({"instanceType": "ml.g5.xlarge"}))}),
    st.fixed_dictionaries({"inputs": named(CHANNELS) | numbered("a", {"s3Uri": "s3://data/"})}),
    st.fixed_dictionaries({"inputs": st.fixed_dictionaries({"a": st.fixed_dictionaries(
        {"s3Uri": TEXTS, "contentType": TEXTS, "attributeNames": st.lists(TEXTS, max_size=16),
         "instanceGroups": st.lists(TEXTS, max_size=5)})})}),
    st.fixed_dictionaries({"inputs": st.fixed_dictionaries({"a": st.fixed_dictionaries(
        {"fileSystem": st.fixed_dictionaries(
            {"id": TEXTS, "type": st.just("EFS"), "directoryPath": TEXTS,
             "securityGroupId": TEXTS})})})}),
    st.fixed_dictionaries({"source": st.fixed_dictionaries(
        {"dir": TEXTS, "entryPoint": TEXTS, "arguments": st.lists(TEXTS, max_size=120)})}),
    st.fixed_dictionaries({"distributionGroups": st.lists(TEXTS, max_size=6), "source":
                           st.just({"dir": "src", "entryPoint": "train.py"})}),
    st.fixed_dictionaries({"maxRuntime": st.integers(-1, 2**40), "volumeGb": st.integers(-1, 2**20),
                           "maxRetries": st.integers(-1, 40)}),
)  # fmt: skip


@settings(max_examples=400)
@given(jobs(), CHANGES, st.sampled_from([{}, *EXTRAS]))
def test_what_the_request_check_would_refuse_is_reported_by_the_settings(
    raw: Raw, change: Raw, extra: Raw
) -> None:
    job, _ = validate(JobSettings, raw | change | {"extra": extra})
    assert job is not None
    if request_problems(training_request(job, PLACEMENT)):
        assert problems_of(job)


@pytest.mark.parametrize(
    ("extra", "paths"),
    [
        ({"ResourceConfig": {"InstanceCount": 64}}, ["extra.ResourceConfig.InstanceCount"]),
        ({"EnableNetworkIsolation": False}, ["extra.EnableNetworkIsolation"]),
        ({"EnableInterContainerTrafficEncryption": False},
         ["extra.EnableInterContainerTrafficEncryption"]),
        ({"VpcConfig": {"Subnets": ["subnet-1"]}}, ["extra.VpcConfig"]),
        ({"StoppingCondition": {"MaxWaitTimeInSeconds": 1}},
         ["extra.StoppingCondition.MaxWaitTimeInSeconds"]),
        ({"RetryStrategy": {}}, ["extra.RetryStrategy"]),
        ({"ResourceConfig": 7}, ["extra.ResourceConfig"]),
        ({"ExperimentConfig": {"RunName": "a"}}, []),
    ],
)  # fmt: skip
def test_extra_may_not_say_what_has_a_setting_of_its_own(extra: Raw, paths: list[str]) -> None:
    job = JobSettings.model_validate({"image": "a", "extra": extra})
    assert [each.path for each in extra_problems(job)] == paths


def test_the_code_channel_and_the_secrets_count_too() -> None:
    source = {"dir": "src", "entryPoint": "train.py"}
    inputs = {f"c{number}": {"s3Uri": "s3://data/"} for number in range(20)}
    secrets = {f"S{number}": "arn" for number in range(50)}
    environment = {f"V{number}": "x" for number in range(51)}
    full = JobSettings.model_validate({"inputs": inputs, "environment": environment})
    assert limit_problems(full) == []
    more = {"inputs": inputs, "source": source, "environment": environment, "secrets": secrets}
    found = {each.path: each.rule for each in limit_problems(JobSettings.model_validate(more))}
    assert found == {
        "inputs": "must have 1 to 20 items, but has 21",
        "environment": "must have 0 to 100 entries, but has 101",
    }


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"hyperparameters": {"a": "x" * 2501}}, "jobs.digits.hyperparameters.a", "2500"),
    ({"hyperparameters": {f"a{n}": 1 for n in range(101)}}, "jobs.digits.hyperparameters", "100"),
    ({"environment": {"1A": "x"}}, "jobs.digits.environment.1A", "must match"),
    ({"environment": {"A": "x" * 513}}, "jobs.digits.environment.A", "512"),
    ({"metrics": {"m": "(" + "x" * 500 + ")"}}, "jobs.digits.metrics.m", "500"),
    ({"metrics": {f"m{n}": "(x)" for n in range(41)}}, "jobs.digits.metrics", "40"),
    ({"source": {"dir": "src", "entryPoint": "train.py", "arguments": ["x" * 257]}},
     "jobs.digits.source", "256"),
    ({"inputs": {f"c{n}": {"path": "data"} for n in range(20)}}, "jobs.digits.inputs", "20"),
    ({"extra": {"ProfilerConfig": {"Sampling": 1}}}, "jobs.digits.extra.ProfilerConfig.Sampling",
     "not known"),
    ({"extra": {"RemoteDebugConfig": {"EnableRemoteDebug": "yes"}}},
     "jobs.digits.extra.RemoteDebugConfig.EnableRemoteDebug", "true or false"),
    ({"extra": {"DebugHookConfig": {}}}, "jobs.digits.extra.DebugHookConfig.S3OutputPath",
     "required"),
    ({"extra": {"Environment": {"A": "b"}}}, "jobs.digits.extra.Environment", "use environment"),
    ({"extra": {"ResourceConfig": {"InstancePreferences": []}}},
     "jobs.digits.extra.ResourceConfig.InstancePreferences", "use instancePreferences"),
    ({"extra": {"StoppingCondition": {"MaxPendingTimeInSeconds": 60}}},
     "jobs.digits.extra.StoppingCondition.MaxPendingTimeInSeconds", "use maxPending"),
    ({"extra": {"OutputDataConfig": {"CompressionType": "NONE"}}},
     "jobs.digits.extra.OutputDataConfig.CompressionType", "use compressModel"),
    ({"extra": {"EnableManagedSpotTraining": False}},
     "jobs.digits.extra.EnableManagedSpotTraining", "setting of its own"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_what_the_api_refuses_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job), project)
    assert list(found) == [path]
    assert hint in str(found[path])


def test_a_part_of_the_request_without_a_setting_is_accepted(project: Path) -> None:
    arguments = {"AlgorithmSpecification": {"ContainerArguments": ["serve"]}}
    assert problems(stack({"source": None, "extra": arguments}), project) == {}
