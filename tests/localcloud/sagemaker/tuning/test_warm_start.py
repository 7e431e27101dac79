"""What a tuning job takes over from earlier ones."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker.tuning.tuning_records import End, Point, TuningJob
from localcloud.sagemaker.tuning.warm_start import best, inherited, problems
from tests.localcloud.sagemaker.tuning.tunings import (
    CONFIG,
    DEFINITION,
    LIMITS,
    REQUEST,
    add_trial,
    changed,
    tuning_job,
)

WARM_START = {
    "WarmStartConfig": {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "tuning"}],
        "WarmStartType": "TransferLearning",
    }
}
IDENTICAL = {"WarmStartConfig.WarmStartType": "IdenticalDataAndAlgorithm"}
CATEGORIES = f"{CONFIG}.ParameterRanges.CategoricalParameterRanges"
STATIC = f"{DEFINITION}.StaticHyperParameters"


def parent(**changes: Any) -> TuningJob:
    """A tuning job with a static hyperparameter and two trials, which has ended."""
    job = tuning_job(**{f"{DEFINITION}__StaticHyperParameters": {"layers": "3"}, **changes})
    add_trial(job, 2.0)
    add_trial(job, 1.0, status="Stopped")
    add_trial(job, 0.5, status="Failed")
    job.end, job.ended = End("Completed"), 3000.0
    return job


def request(changes: dict[str, Any]) -> dict[str, Any]:
    return changed(REQUEST, {**WARM_START, STATIC: {"layers": "3"}, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        IDENTICAL,
        {f"{DEFINITION}.AlgorithmSpecification.TrainingImage": "another"},
        {STATIC: {"layers": "4"}},
        {STATIC: {"layers": "3", "kind": "a"}, CATEGORIES: []},
        {f"{DEFINITION}.CheckpointConfig": {"S3Uri": "s3://bucket/other/"}},
    ],
)
def test_a_job_may_start_from_one_with_the_same_objective_and_names(changes: dict[str, Any]):
    assert list(problems(request(changes), [parent()])) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {f"{CONFIG}.HyperParameterTuningJobObjective.Type": "Maximize"},
            "The objective metric must be the same as that of all parent tuning jobs",
        ),
        ({STATIC: {"layers": "3", "more": "1"}}, "they differ in more"),
        ({f"{DEFINITION}.Environment": {"A": "1"}}, "Environment must be the same"),
        ({f"{DEFINITION}.EnableNetworkIsolation": True}, "EnableNetworkIsolation must be the same"),
        (
            {**IDENTICAL, f"{DEFINITION}.AlgorithmSpecification.TrainingImage": "another"},
            "TrainingImage must be the same",
        ),
        (
            {f"{LIMITS}.MaxNumberOfTrainingJobs": 748},
            "have 751 training jobs: together they must not have more than 750",
        ),
    ],
)
def test_a_job_that_differs_too_much_is_refused(changes: dict[str, Any], message: str):
    (problem,) = problems(request(changes), [parent()])

    assert message in problem


def test_more_than_ten_changed_values_are_refused():
    before = {f"x{number}": "1" for number in range(11)}
    after = dict.fromkeys(before, "2")
    parents = [parent(**{f"{DEFINITION}__StaticHyperParameters": before})]

    assert list(problems(request({STATIC: after | {"x0": "1"}}), parents)) == []
    assert list(problems(request({STATIC: after}), parents)) == [
        "More than 10 hyperparameters changed: parent tuning"
    ]


def test_a_parent_that_runs_or_is_named_twice_is_refused():
    running = parent()
    running.ended = None

    (problem,) = problems(request({}), [running])
    assert "status InProgress: all parents must be in a terminal state" in problem
    twice = list(problems(request({}), [parent(), parent()]))
    assert twice == ["ParentHyperParameterTuningJobs must not name a tuning job twice"]


def test_objectives_within_the_new_ranges_are_taken_over_with_static_values():
    job = tuning_job()
    job.request = request(
        {
            f"{CONFIG}.ParameterRanges.ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "0.0015", "MaxValue": "1"}
            ],
            f"{CONFIG}.ParameterRanges.IntegerParameterRanges": [
                {"Name": "layers", "MinValue": "2", "MaxValue": "4"}
            ],
            STATIC: {},
        }
    )

    assert inherited(job, [parent()]) == (
        Point({"rate": "0.002", "layers": "3", "kind": "a"}, 1.0),
    )


def test_the_best_trial_of_all_parents_is_that_with_the_best_objective():
    found = best([parent(), parent()], minimises=True)

    assert found is not None
    assert found.value == 1.0
