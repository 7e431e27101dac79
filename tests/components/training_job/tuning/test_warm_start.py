"""From which earlier tuning jobs the next one goes on, and why it sometimes can't."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.training_job.request.service_model import tuning_shape, value_problems
from components.training_job.tuning.warm_start import (
    MOST_PARENTS,
    MOST_TRIALS,
    Parent,
    cold_reason,
    limited_to,
    trials_left,
    warm_start,
)

CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/a/"}},
}
REQUEST: dict[str, Any] = {
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4},
        "ParameterRanges": {
            "ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.1", "MaxValue": "1"}],
            "IntegerParameterRanges": [{"Name": "layers", "MinValue": "1", "MaxValue": "3"}],
        },
    },
    "TrainingJobDefinition": {
        "StaticHyperParameters": {f"static-{number}": "1" for number in range(12)},
        "AlgorithmSpecification": {"TrainingImage": "image:1", "TrainingInputMode": "File"},
        "InputDataConfig": [CHANNEL],
        "Environment": {"A": "1"},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
    },
}
CONFIG, DEFINITION = "HyperParameterTuningJobConfig", "TrainingJobDefinition"
RANGES = f"{CONFIG}.ParameterRanges"


def changed(path: str, value: Any) -> dict[str, Any]:
    """The request with another value at a dotted path."""
    request = copy.deepcopy(REQUEST)
    *parents, last = path.split(".")
    place = request
    for each in parents:
        place = place[each]
    place[last] = value
    return request


def parent(
    request: dict[str, Any] = REQUEST, name: str = "p", succeeded: int = 3, trials: int = 3
) -> Parent:
    return Parent(name, succeeded, trials, request)


def statics(changes: int) -> dict[str, str]:
    return {f"static-{number}": "2" if number < changes else "1" for number in range(12)}


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (changed(f"{CONFIG}.HyperParameterTuningJobObjective.MetricName", "f1"), "minimize f1"),
        (changed(f"{CONFIG}.HyperParameterTuningJobObjective.Type", "Maximize"), "maximize loss"),
        (changed(f"{RANGES}.IntegerParameterRanges", []), "hyperparameters layers"),
        (changed(f"{DEFINITION}.StaticHyperParameters", {}), "static-0, static-1"),
        (
            changed(
                f"{RANGES}",
                {"ContinuousParameterRanges": [{"Name": "lr"}, {"Name": "layers"}]},
            ),
            "ranges of layers were of another type",
        ),
        (changed(f"{DEFINITION}.StaticHyperParameters", statics(11)), "11 hyperparameters"),
        (changed(f"{DEFINITION}.Environment", {"A": "2", "B": "3"}), "environment has changed: A"),
        (changed(f"{DEFINITION}.EnableNetworkIsolation", False), "network isolation"),
        (changed(f"{DEFINITION}.EnableInterContainerTrafficEncryption", False), "encryption"),
        (changed(f"{DEFINITION}.RetryStrategy", {"MaximumRetryAttempts": 3}), "started again"),
    ],
)
def test_what_can_not_be_learnt_from_is_said(before: dict[str, Any], reason: str) -> None:
    assert reason in cold_reason(REQUEST, before)
    start = warm_start(REQUEST, [parent(before)])
    assert start.config is None
    assert start.refusal.startswith("p: ")


@pytest.mark.parametrize(
    "before",
    [
        REQUEST,
        changed(f"{DEFINITION}.StaticHyperParameters", statics(10)),
        changed(
            f"{DEFINITION}.StaticHyperParameters", statics(0) | {"_tuning_objective_metric": "loss"}
        ),
        changed(
            f"{RANGES}.ContinuousParameterRanges",
            [{"Name": "lr", "MinValue": "5", "MaxValue": "9"}],
        ),
        changed(f"{CONFIG}.Strategy", "Random"),
        changed(f"{CONFIG}.ResourceLimits", {"MaxParallelTrainingJobs": 1}),
        changed(f"{DEFINITION}.RoleArn", "another"),
        changed(f"{DEFINITION}.CheckpointConfig", {"S3Uri": "s3://another/"}),
    ],
)
def test_values_ranges_and_placement_may_have_changed(before: dict[str, Any]) -> None:
    start = warm_start(REQUEST, [parent(before)])
    assert start.config == {
        "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "p"}],
        "WarmStartType": "IdenticalDataAndAlgorithm",
    }
    assert start.refusal == ""


def test_a_hyperparameter_may_begin_to_be_tuned() -> None:
    before = changed(f"{RANGES}.IntegerParameterRanges", [])
    before[DEFINITION]["StaticHyperParameters"]["layers"] = "2"
    assert cold_reason(REQUEST, before) == ""


@pytest.mark.parametrize(
    ("before", "is_identical"),
    [
        (changed(f"{DEFINITION}.AlgorithmSpecification.TrainingImage", "image:0"), False),
        (changed(f"{DEFINITION}.InputDataConfig", []), False),
        (changed(f"{DEFINITION}.InputDataConfig", [CHANNEL | {"InputMode": "Pipe"}]), False),
        (changed(f"{DEFINITION}.InputDataConfig", [CHANNEL | {"CompressionType": "None"}]), True),
        (changed(f"{DEFINITION}.AlgorithmSpecification.MetricDefinitions", [{}]), True),
    ],
)
def test_other_data_or_another_image_take_transfer_learning(
    before: dict[str, Any], is_identical: bool
) -> None:
    start = warm_start(REQUEST, [parent(before), parent()])
    assert len(start.parents) == 2
    assert start.is_identical is is_identical


def test_those_that_can_not_be_learnt_from_do_not_keep_others_away() -> None:
    other = changed(f"{DEFINITION}.Environment", {})
    start = warm_start(REQUEST, [parent(other, "first"), parent(name="second")])
    assert [each.name for each in start.parents] == ["second"]


def test_a_grid_learns_nothing_and_is_tried_as_a_whole() -> None:
    grid = changed(f"{CONFIG}.Strategy", "Grid")
    assert warm_start(grid, [parent(grid)]).config is None
    assert trials_left(grid[CONFIG], 7) == 20
    assert trials_left(REQUEST[CONFIG], 7) == 13
    assert trials_left(changed(f"{CONFIG}.ResourceLimits", {})[CONFIG], 7) is None


def test_no_more_run_at_once_than_are_left() -> None:
    assert limited_to(REQUEST[CONFIG], 3)["ResourceLimits"] == {
        "MaxNumberOfTrainingJobs": 3,
        "MaxParallelTrainingJobs": 3,
    }
    assert limited_to(REQUEST[CONFIG], None) == REQUEST[CONFIG]


VARIANTS = [
    REQUEST,
    changed(f"{DEFINITION}.Environment", {}),
    changed(f"{DEFINITION}.StaticHyperParameters", statics(12)),
    changed(f"{DEFINITION}.InputDataConfig", []),
]


@given(
    variants=st.lists(st.tuples(st.sampled_from(VARIANTS), st.integers(1, 300)), max_size=12),
    most=st.none() | st.integers(1, 10_000),
)
def test_a_warm_start_is_one_that_the_service_takes(
    variants: list[tuple[dict[str, Any], int]], most: int | None
) -> None:
    request = changed(
        f"{CONFIG}.ResourceLimits", {} if most is None else {"MaxNumberOfTrainingJobs": most}
    )
    asked: list[str] = []

    def candidates() -> Iterator[Parent]:
        for number, (before, trials) in enumerate(variants):
            asked.append(str(number))
            yield parent(before, f"p{number}", trials, trials)

    start = warm_start(request, candidates())
    names = [each.name for each in start.parents]
    assert len(set(names)) == len(names) <= MOST_PARENTS
    assert all(cold_reason(request, each.description) == "" for each in start.parents)
    total = sum(each.trials for each in start.parents) + (most or 0)
    assert total <= MOST_TRIALS or not names
    assert bool(start.refusal) is (bool(variants) and not names)
    if start.config:
        shape = tuning_shape().members["WarmStartConfig"]
        assert list(value_problems("", start.config, shape)) == []
    if len(names) == MOST_PARENTS:  # no more are described than are needed
        assert asked[-1] == names[-1].removeprefix("p")
