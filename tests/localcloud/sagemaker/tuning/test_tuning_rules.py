"""The rules of CreateHyperParameterTuningJob."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.tuning.tuning_rules import check, check_live_jobs
from tests.localcloud.sagemaker.tuning.tunings import (
    CONFIG,
    DEFINITION,
    LIMITS,
    REQUEST,
    changed,
)

STRATEGY = f"{CONFIG}.Strategy"
RANGES = f"{CONFIG}.ParameterRanges"
COUNT = f"{LIMITS}.MaxNumberOfTrainingJobs"
CATEGORIES = f"{RANGES}.CategoricalParameterRanges"
TWO_BY_THREE = {
    RANGES: {
        "CategoricalParameterRanges": [
            {"Name": "x", "Values": ["1", "2"]},
            {"Name": "y", "Values": ["a", "b", "c"]},
        ]
    }
}
RESOURCES = f"{DEFINITION}.ResourceConfig"
TUNED = f"{DEFINITION}.HyperParameterTuningResourceConfig"
ONE = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
HYPERBAND = {STRATEGY: "Hyperband"}


def numbers(kind: str, low: str, high: str, scaling: str = "Auto") -> dict[str, Any]:
    given = {"Name": "x", "MinValue": low, "MaxValue": high, "ScalingType": scaling}
    return {RANGES: {f"{kind}ParameterRanges": [given]}}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {COUNT: None, f"{LIMITS}.MaxRuntimeInSeconds": 600},
        {**TWO_BY_THREE, STRATEGY: "Grid", COUNT: None},
        {**TWO_BY_THREE, STRATEGY: "Grid", COUNT: 6},
        {**TWO_BY_THREE, COUNT: 6},
        {**HYPERBAND, f"{DEFINITION}.StaticHyperParameters": {"epochs": "20"}},
        numbers("Continuous", "0", "0.99", "ReverseLogarithmic"),
        {**numbers("Integer", "1", "64", "Logarithmic"), COUNT: 64},
        {f"{DEFINITION}.Environment": {f"V{number}": "x" * 512 for number in range(48)}},
        {COUNT: 10_000},
        {RESOURCES: None, TUNED: ONE},
        {RESOURCES: None, TUNED: {"InstanceConfigs": [ONE], "AllocationStrategy": "Prioritized"}},
    ],
)
def test_what_the_rules_are_not_about_is_accepted(changes: dict[str, Any]):
    check(changed(REQUEST, changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({DEFINITION: None}, "Exactly one of TrainingJobDefinition and TrainingJobDefinitions"),
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune is not offered"),
        ({"TrainingJobDefinitions": []}, "TrainingJobDefinitions is not offered"),
        ({f"{DEFINITION}.TuningObjective": {}}, "TuningObjective is only supported in"),
        ({TUNED: {}}, "Exactly one of ResourceConfig and HyperParameterTuningResourceConfig"),
        ({RESOURCES: None}, "Exactly one of ResourceConfig and HyperParameterTuningResourceConfig"),
        ({RESOURCES: None, TUNED: {"InstanceCount": 1}}, "InstanceType and InstanceCount are"),
        (
            {RESOURCES: None, TUNED: {"InstanceConfigs": [], "VolumeSizeInGB": 1}},
            "InstanceConfigs can't be combined with VolumeSizeInGB",
        ),
        (
            {f"{DEFINITION}.ResourceConfig.KeepAlivePeriodInSeconds": 60},
            "KeepAlivePeriodInSeconds is not supported for hyperparameter tuning jobs",
        ),
        ({f"{DEFINITION}.ResourceConfig.InstanceGroups": []}, "InstanceGroups is not supported"),
        ({f"{DEFINITION}.Environment": {"A": "x" * 513}}, "length less than or equal to 512"),
        ({f"{CONFIG}.HyperParameterTuningJobObjective": None}, "Objective is required"),
        (
            {f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions": None},
            "A metric is required for this hyperparameter tuning job objective. Provide a metric "
            "in the metric definitions.",
        ),
        (
            {f"{CONFIG}.HyperParameterTuningJobObjective.MetricName": "accuracy"},
            "The objective metric accuracy is not in the metric definitions: loss",
        ),
        ({RANGES: None}, "At least one hyperparameter range"),
        (
            {CATEGORIES: [{"Name": f"x{number}", "Values": ["a", "b"]} for number in range(30)]},
            "At most 30 hyperparameter ranges can be specified: 31 are",
        ),
        (
            {CATEGORIES: [{"Name": "rate", "Values": ["a", "b"]}]},
            "Duplicate hyperparameter rate in ParameterRanges",
        ),
        ({f"{DEFINITION}.StaticHyperParameters": {"rate": "1"}}, "rate is both static and in"),
        (
            {f"{DEFINITION}.StaticHyperParameters": {"_tuning_objective_metric": "loss"}},
            "_tuning_objective_metric is reserved",
        ),
        (
            {f"{DEFINITION}.StaticHyperParameters": {f"x{number}": "" for number in range(98)}},
            "which the service adds: 101 are specified",
        ),
        (numbers("Integer", "1.5", "3"), "MinValue '1.5' must be a whole number"),
        (numbers("Continuous", "0", "many"), "MaxValue 'many' must be a number"),
        (numbers("Continuous", "1", "1"), "A range must have more than one value"),
        (numbers("Continuous", "2", "1"), "MinValue 2 must be less than MaxValue 1"),
        (numbers("Continuous", "0", "1", "Logarithmic"), "needs values greater than 0"),
        (numbers("Continuous", "0", "1", "ReverseLogarithmic"), "from 0 to less than 1"),
        (numbers("Integer", "0", "9", "ReverseLogarithmic"), "for continuous ranges"),
        ({CATEGORIES: [{"Name": "k", "Values": ["a"]}]}, "A range must have more than one value"),
        ({CATEGORIES: [{"Name": "k", "Values": ["a", "a"]}]}, "must be unique"),
        ({COUNT: None}, "MaxNumberOfTrainingJobs is required unless MaxRuntimeInSeconds"),
        ({COUNT: 10_001}, "10001 must not be greater than 10000 with Random"),
        ({COUNT: 751, STRATEGY: "Bayesian"}, "751 must not be greater than 750 with Bayesian"),
        ({**TWO_BY_THREE, COUNT: 7}, "combinations of hyperparameters, which is 6"),
        ({STRATEGY: "Grid"}, "Strategy Grid only supports categorical parameter ranges"),
        ({**TWO_BY_THREE, STRATEGY: "Grid", COUNT: 5}, "of the grid, which is 6"),
        (
            {f"{CONFIG}.StrategyConfig": {"HyperbandStrategyConfig": {}}},
            "StrategyConfig is only supported with Strategy Hyperband",
        ),
        (HYPERBAND, "MaxResource can't be inferred"),
        (
            {**HYPERBAND, f"{CONFIG}.TrainingJobEarlyStoppingType": "Auto"},
            "TrainingJobEarlyStoppingType must be Off",
        ),
        (
            {**HYPERBAND, f"{DEFINITION}.StaticHyperParameters": {"epochs": "20001"}},
            "MaxResource 20001 must not be greater than 20000",
        ),
        (
            {**HYPERBAND, f"{DEFINITION}.StaticHyperParameters": {"epochs": "1"}},
            "MinResource 1 must be less than MaxResource 1",
        ),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(ServiceError) as caught:
        check(changed(REQUEST, changes))

    assert caught.value.code == "ValidationException"
    assert message in caught.value.message


def test_more_trials_or_tuning_jobs_at_once_than_the_accounts_limit_are_refused():
    with pytest.raises(ServiceError, match="is 10, with current utilization of 0") as caught:
        check(changed(REQUEST, {f"{LIMITS}.MaxParallelTrainingJobs": 11}))

    assert caught.value.code == "ResourceLimitExceeded"
    check_live_jobs(99)
    with pytest.raises(ServiceError, match="is 100, with current utilization of 100"):
        check_live_jobs(100)
