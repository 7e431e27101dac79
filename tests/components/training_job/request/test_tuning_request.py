"""The request of a tuning job: what the model accepts, and nothing of the training job is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_job.request.job_inputs import added_by_check
from components.training_job.request.service_model import conform, request_shape, tuning_shape
from components.training_job.request.training_request import training_request
from components.training_job.request.tuning_request import (
    LAUNCHER_VARIABLE,
    TOOLKIT_PARAMETERS,
    not_in_a_trial,
    training_view,
    tuning_config,
    tuning_problems,
    tuning_request,
)
from components.training_job.rules.job_rules import job_problems
from components.training_job.settings.job_settings import JobSettings
from components.validation import validate
from tests.components.training_job.any_job import tuned_jobs
from tests.components.training_job.conftest import IMAGE, PLACEMENT, inputs_of_job

Raw = dict[str, Any]
TUNING = {
    "objective": {"minimize": "loss"},
    "ranges": {
        "rate": {"from": 0.00001, "to": 0.01, "scale": "log"},
        "layers": {"from": 2, "to": 8.0, "integer": True},
        "optimizer": {"values": ["adamw", 7, True, 0.5]},
    },
    "maxTrials": 20,
}
TUNED = {
    "image": IMAGE,
    "source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--seed", "7"]},
    "metrics": {"loss": "loss=(.*)"},
    "hyperparameters": {"width": 5},
    "tuning": TUNING,
}


def requests_of(raw: Raw) -> tuple[Raw, Raw]:
    """The training request of a job, and its HyperParameterTuningJobConfig."""
    job = JobSettings.model_validate(raw)
    assert job.tuning is not None
    return training_request(job, PLACEMENT), tuning_config(job.tuning)


@settings(max_examples=100)
@given(tuned_jobs())
def test_what_the_rules_accept_the_api_accepts_and_a_trial_has_all_of_it(raw: Raw) -> None:
    found = job_problems(JobSettings.model_validate(raw), Path("/nowhere"))
    assert [each for each in found if each.path != "source.dir"] == []
    request, config = requests_of(raw)
    assert tuning_problems(request, config) == []
    whole = tuning_request(request, config) | {"HyperParameterTuningJobName": "a"}
    assert not ParamValidator().validate(whole, tuning_shape()).has_errors()
    assert tuning_problems(conform(request), conform(config)) == []

    seen, algorithm = training_view(whole), request["AlgorithmSpecification"]
    others = {"AlgorithmSpecification", "HyperParameters", "Environment"}
    assert {k: v for k, v in seen.items() if k not in others} == {
        k: v for k, v in request.items() if k not in others
    }
    assert request.get("HyperParameters", {}).items() <= seen["HyperParameters"].items()
    assert request.get("Environment", {}).items() <= seen["Environment"].items()
    assert seen["AlgorithmSpecification"].items() <= algorithm.items()


TEXTS = st.sampled_from(
    ["", "a", "a b", "ä", "a\nb", "a=b", "_a", *("x" * length for length in (256, 257, 2501))]
)
NUMBERS = st.sampled_from([-1, 0, 0.0, 0.5, 1, 1.5, 9, 10**30, 1e300])
RANGES = st.fixed_dictionaries(
    {},
    optional={
        "from": NUMBERS,
        "to": NUMBERS,
        "integer": st.booleans(),
        "scale": st.sampled_from(["auto", "log", "reverseLog"]),
        "values": st.lists(TEXTS | NUMBERS, max_size=33),
    },
)
WRONG: st.SearchStrategy[Raw] = st.one_of(
    st.fixed_dictionaries({"tuning": st.fixed_dictionaries(
        {"objective": st.fixed_dictionaries({}, optional={"minimize": TEXTS, "maximize": TEXTS}),
         "ranges": st.dictionaries(TEXTS, RANGES, min_size=1, max_size=30)},
        optional={"maxTrials": st.integers(1, 10_000), "parallel": st.integers(1, 100),
                  "strategy": st.sampled_from(["bayesian", "random", "grid", "hyperband"]),
                  "epochs": st.sampled_from([{"max": 1}, {"max": 20_000}]),
                  "stopWhen": st.sampled_from([{}, {"reaches": -7}, {"converged": True}])})}),
    st.fixed_dictionaries({"metrics": st.dictionaries(TEXTS, st.just("(x)"), max_size=3)}),
    st.integers(0, 105).map(lambda n: {"hyperparameters": {f"a{i}": 1 for i in range(n)}}),
    st.integers(0, 60).map(lambda n: {"environment": {f"A{i}": "" for i in range(n)}}),
    st.fixed_dictionaries({"source": st.fixed_dictionaries(
        {"dir": st.just("src"), "entryPoint": TEXTS, "arguments": st.lists(TEXTS, max_size=9)})}),
    st.sampled_from([
        {"extra": {"ProfilerConfig": {}}}, {"extra": {"AlgorithmSpecification": 7}},
        {"extra": {"ResourceConfig": 7}}, {"extra": {"AlgorithmSpecification":
            {"TrainingImageConfig": {}}}}, {"keepAlive": 60, "spot": False},
        {"trainingPlan": "arn", "spot": False}, {"source": None},
    ]),
)  # fmt: skip


@settings(max_examples=150)
@given(tuned_jobs(), WRONG)
def test_what_the_api_would_refuse_or_a_trial_would_lose_is_reported_by_the_rules(
    raw: Raw, wrong: Raw
) -> None:
    job, problems = validate(JobSettings, raw | wrong)
    if job is None or job.tuning is None:
        assert problems
        return
    request, config = training_request(job, PLACEMENT), tuning_config(job.tuning)
    if tuning_problems(request, config):
        assert problems + [
            each for each in job_problems(job, Path("/nowhere")) if each.path != "source.dir"
        ]


RENAMED = {"HyperParameters", "Tags", "TrainingJobName"}
REFUSED = {
    "DebugHookConfig", "DebugRuleConfigurations", "ExperimentConfig", "InfraCheckConfig",
    "MlflowConfig", "ModelPackageConfig", "ProfilerConfig", "ProfilerRuleConfigurations",
    "RemoteDebugConfig", "ServerlessJobConfig", "SessionChainingConfig", "TensorBoardOutputConfig",
}  # fmt: skip


@pytest.mark.parametrize("member", request_shape().members)
def test_each_member_of_a_training_job_is_kept_or_renamed_or_refused_by_its_name(
    member: str,
) -> None:
    request, config = requests_of(TUNED)
    given = {member: {"any": "value"}, "RetryStrategy": {"MaximumRetryAttempts": 2}} | request
    refused, made = not_in_a_trial(given), tuning_request(given, config)
    assert refused == ([member] if member in REFUSED else [])
    if member not in REFUSED | RENAMED | {"AlgorithmSpecification", "Environment"}:
        assert made["TrainingJobDefinition"][member] == given[member]


@pytest.mark.parametrize(
    ("section", "members"),
    [
        ("AlgorithmSpecification", ["EnableSageMakerMetricsTimeSeries", "TrainingImageConfig"]),
        ("ResourceConfig", ["InstanceGroups", "InstancePreferences", "KeepAlivePeriodInSeconds",
                            "TrainingPlanArn"]),
    ],
)  # fmt: skip
def test_a_member_within_a_section_that_a_trial_does_not_have_is_refused(
    section: str, members: list[str]
) -> None:
    request, config = requests_of(TUNED)
    more = request | {section: request[section] | {each: {} for each in members}}
    assert not_in_a_trial(more) == [f"{section}.{each}" for each in members]
    lost = [each.path for each in tuning_problems(more, config) if "a trial of" in each.rule]
    assert lost == [f"request.{section}.{each}" for each in members]


def test_an_entry_point_other_than_the_launcher_is_refused() -> None:
    request, _ = requests_of(TUNED)
    algorithm = request["AlgorithmSpecification"] | {"ContainerEntrypoint": ["serve"]}
    entry = ["ContainerArguments", "ContainerEntrypoint"]
    expected = [f"AlgorithmSpecification.{each}" for each in entry]
    assert not_in_a_trial(request | {"AlgorithmSpecification": algorithm}) == expected


def test_the_launcher_is_named_in_both_ways() -> None:
    definition = tuning_request(*requests_of(TUNED))["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"width": "5", **TOOLKIT_PARAMETERS}
    assert definition["Environment"] == {
        LAUNCHER_VARIABLE: '["--distribution","none","--entry-point","train.py","--","--seed","7"]'
    }


def test_the_ranges_are_texts_and_whole_numbers_have_no_point() -> None:
    assert requests_of(TUNED)[1]["ParameterRanges"] == {
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "1e-05", "MaxValue": "0.01", "ScalingType": "Logarithmic"}
        ],
        "IntegerParameterRanges": [
            {"Name": "layers", "MinValue": "2", "MaxValue": "8", "ScalingType": "Auto"}
        ],
        "CategoricalParameterRanges": [
            {"Name": "optimizer", "Values": ["adamw", "7", "true", "0.5"]}
        ],
    }


def test_a_value_that_the_api_refuses_is_reported_by_its_path() -> None:
    request, config = requests_of(TUNED)
    wrong = config | {"TuningJobCompletionCriteria": {"TargetObjectiveMetricValue": "low"}}
    criteria = "tuning.TuningJobCompletionCriteria.TargetObjectiveMetricValue"
    assert [each.path for each in tuning_problems(request, wrong)] == [criteria]


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"RoleArn": "role"}, ["request.RoleArn", "request.RoleArn"]),  # too short, and no ARN
        ({"Environment": {f"A{number}": "" for number in range(48)}}, ["request.Environment"]),
        ({"Environment": {f"A{number}": "" for number in range(101)}}, ["request.Environment"]),
        ({"HyperParameters": {"a": "x" * 2501}}, ["request.HyperParameters.a"]),
        ({"HyperParameters": {f"a{number}": "" for number in range(99)}},
         ["request.HyperParameters"]),
        ({"Tags": [{"Key": ""}]}, ["request.Tags[0].Key", "request.Tags[0].Value"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_trial_and_its_tuning_job_is_reported_once(
    changes: Raw, paths: list[str]
) -> None:
    request, config = requests_of(TUNED)
    assert [each.path for each in tuning_problems(request | changes, config)] == paths


def test_a_job_that_is_not_tuned_has_the_hash_and_the_inputs_of_the_time_before_tuning() -> None:
    inputs = inputs_of_job(
        {
            "source": {"dir": "src", "entryPoint": "train.py"},
            "hyperparameters": {"epochs": 3},
            "metrics": {"loss": "loss=(.*)"},
        }
    )
    assert inputs.keys() == {
        "account_id", "launch", "lineage", "max_attempts", "owner", "paused", "preflight", "region",
        "relaunch", "request", "run_id", "source_hash",
    }  # fmt: skip
    assert added_by_check(inputs)["definition_hash"] == "e5640305"
