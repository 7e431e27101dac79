"""Which trials are stopped before their end."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.tuning.early_stopping import hopeless, resources
from tests.localcloud.sagemaker.tuning.tunings import add_trial, tuning_job

CONFIG = "HyperParameterTuningJobConfig__"
AUTO = {f"{CONFIG}TrainingJobEarlyStoppingType": "Auto"}
HYPERBAND = {
    f"{CONFIG}Strategy": "Hyperband",
    f"{CONFIG}StrategyConfig__HyperbandStrategyConfig": {"MinResource": 2, "MaxResource": 20},
}


@pytest.mark.parametrize(
    ("values", "stopped"),
    [
        ([7.0], True),  # worse than the median, 6.0, of the first values 4, 6 and 8
        ([5.0], False),
        ([7.0, 4.0], False),  # only the newest value counts; the averages so far are 3, 5 and 7
        ([1.0, 6.0], True),
        ([1.0, 1.0, 99.0], False),  # no earlier trial has come so far
    ],
)
def test_a_trial_is_stopped_if_it_is_worse_than_the_median_of_the_running_averages(
    values: list[float], *, stopped: bool
):
    job = tuning_job(**AUTO)
    for first in (4.0, 6.0, 8.0):
        add_trial(job, first, first - 2)
    trial = add_trial(job, *values, status="InProgress")
    add_trial(job, 0.0, 0.0, 0.0)  # a later trial does not count

    assert list(hopeless(job)) == ([trial] if stopped else [])


def test_a_larger_objective_is_better_if_it_is_maximised():
    objective = {"Type": "Maximize", "MetricName": "loss"}
    job = tuning_job(**AUTO, **{f"{CONFIG}HyperParameterTuningJobObjective": objective})
    add_trial(job, 0.5)

    better = add_trial(job, 0.6, status="InProgress")
    worse = add_trial(job, 0.4, status="InProgress")

    assert better not in list(hopeless(job))
    assert worse in list(hopeless(job))


def test_nothing_is_stopped_early_unless_that_was_asked_for():
    job = tuning_job()
    add_trial(job, 1.0)
    add_trial(job, 2.0, status="InProgress")

    assert list(hopeless(job)) == []


def test_hyperband_keeps_the_best_third_at_each_rung_and_none_before_the_first():
    job = tuning_job(**HYPERBAND)
    add_trial(job, 9.0, status="InProgress")  # before the rung of 2 epochs
    running = [add_trial(job, 9.0, value, status="InProgress") for value in (3.0, 1.0, 2.0)]

    assert list(hopeless(job)) == [running[0], running[2]]


def test_hyperband_stops_a_trial_that_has_had_all_its_epochs():
    job = tuning_job(**HYPERBAND)
    trial = add_trial(job, *[1.0] * 20, status="InProgress")

    assert list(hopeless(job)) == [trial]


@pytest.mark.parametrize(
    ("config", "static", "expected"),
    [
        ({}, {}, (1, None)),
        ({}, {"n_epochs": "30"}, (1, 30)),
        ({}, {"epochs": "many"}, (1, None)),
        (
            {"StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 3, "MaxResource": 9}}},
            {"epochs": "30"},
            (3, 9),
        ),
    ],
)
def test_hyperbands_epochs_come_from_its_configuration_or_a_static_hyperparameter(
    config: dict[str, object], static: dict[str, str], expected: tuple[int, int | None]
):
    assert resources(config, static) == expected
