"""What a tuning job does next."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker.tuning.scheduler import decide, most_trials, not_improving
from localcloud.sagemaker.tuning.tuning_records import End
from tests.localcloud.sagemaker.tuning.tunings import add_trial, tuning_job

NOW = 1100.0
CONFIG = "HyperParameterTuningJobConfig__"
CRITERIA = f"{CONFIG}TuningJobCompletionCriteria"
LIMITS = f"{CONFIG}ResourceLimits__"
PATIENCE = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
CONVERGENCE = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}


def test_as_many_trials_run_as_are_allowed_at_once():
    job = tuning_job()

    assert decide(job, NOW).launch == 3
    for status in ("", "InProgress", "Completed", "Stopping"):
        add_trial(job, 1.0, status=status)
    assert decide(job, NOW).launch == 0
    job.trials[1].status = "Completed"
    assert decide(job, NOW).launch == 1


def test_a_job_is_completed_when_all_its_trials_have_ended():
    job = tuning_job(**{f"{LIMITS}MaxNumberOfTrainingJobs": 2})
    add_trial(job, 1.0)
    last = add_trial(job, 2.0, status="InProgress")
    assert decide(job, NOW).end is None

    last.status = "Failed"

    assert decide(job, NOW).end == End("Completed")


@pytest.mark.parametrize(
    ("statuses", "most", "reason"),
    [
        (["Failed"] * 5, 10, "No training job succeeded after 5 attempts. Please take a look"),
        (["Failed"] * 7, 10, "No training job succeeded after 5 attempts. Please take a look"),
        (["Failed"] * 2, 2, "No training job succeeded after 2 attempts. Please take a look"),
        (["Completed"] * 5, 10, "No objective metrics found after running 5 training jobs."),
        (["Failed"] * 4, 10, None),
    ],
)
def test_a_job_without_any_success_fails(statuses: list[str], most: int, reason: str | None):
    job = tuning_job(**{f"{LIMITS}MaxNumberOfTrainingJobs": most})
    for status in statuses:
        add_trial(job, status=status)
    running = add_trial(job, status="InProgress") if most > 2 else None

    decision = decide(job, NOW)

    if reason is None:
        assert decision.end is None
    else:
        assert decision.end is not None
        assert decision.end.status == "Failed"
        assert decision.end.reason.startswith(reason)
        assert decision.stop == ((running,) if running else ())


def test_failures_after_a_success_do_not_fail_a_job():
    job = tuning_job()
    add_trial(job, 1.0)
    for _ in range(6):
        add_trial(job, status="Failed")

    assert decide(job, NOW).end is None


@pytest.mark.parametrize(
    ("criteria", "values", "completed"),
    [
        ({"TargetObjectiveMetricValue": 0.5}, [0.6, 0.5], True),
        ({"TargetObjectiveMetricValue": 0.5}, [0.6], False),
        ({"TargetObjectiveMetricValue": 0.05}, [0.05000000074505806], True),  # in single precision
        (PATIENCE, [1.0, 0.995, 2.0, 3.0], True),
        (PATIENCE, [1.0, 0.98, 2.0, 3.0], False),
        (CONVERGENCE, [1.0] * 9, False),
        (CONVERGENCE, [1.0] * 20, True),
        ({"ConvergenceDetected": {"CompleteOnConvergence": "Disabled"}}, [1.0] * 20, False),
    ],
)
def test_a_completion_criterion_ends_a_job_and_stops_what_runs(
    criteria: dict[str, Any], values: list[float], *, completed: bool
):
    job = tuning_job(**{CRITERIA: criteria, f"{LIMITS}MaxNumberOfTrainingJobs": 50})
    for value in values:
        add_trial(job, value)
    running = add_trial(job, 0.0, status="InProgress")

    decision = decide(job, NOW)

    assert (decision.end, decision.stop) == (
        (End("Completed"), (running,)) if completed else (None, ())
    )


def test_a_job_at_its_maximum_runtime_is_stopped():
    job = tuning_job(**{f"{LIMITS}MaxRuntimeInSeconds": 120})
    add_trial(job, 1.0)

    assert decide(job, 1119.0).end is None
    assert decide(job, 1120.0).end == End("Stopped")


def test_a_trial_is_stopped_once():
    job = tuning_job()
    job.end = End("Stopped")
    trial = add_trial(job, 1.0, status="InProgress")

    assert decide(job, NOW).stop == (trial,)
    trial.asked_to_stop = True
    assert decide(job, NOW).stop == ()
    assert decide(job, NOW).launch == 0


def test_trials_that_do_not_improve_the_best_by_one_percent_are_counted():
    job = tuning_job()
    assert not_improving(job) == 0
    for value in (1.0, 0.9, 0.895, 0.892, 0.5, 0.7):
        add_trial(job, value)

    assert not_improving(job) == 1


def test_without_a_maximum_a_grid_is_run_whole_and_others_until_their_limit():
    categories = {"CategoricalParameterRanges": [{"Name": "k", "Values": ["a", "b", "c"]}]}
    grid = {f"{CONFIG}ParameterRanges": categories, f"{LIMITS}MaxNumberOfTrainingJobs": None}

    assert most_trials(tuning_job(**grid, **{f"{CONFIG}Strategy": "Grid"})) == 3
    assert most_trials(tuning_job(**{f"{LIMITS}MaxNumberOfTrainingJobs": None})) == 10_000
