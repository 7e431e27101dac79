"""What is said of a tuning job and its trials."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from components.training_job.reader.points import Point
from components.training_job.reader.run_attempts import Attempt
from components.training_job.reader.tunings import Tuning
from tests.tracking.fake_mlflow import ENTITIES, FakeMlflowClient, FakeServer
from tests.tracking.fake_wandb import FakeProject, FakeWandb
from tests.tracking.lineages import LINEAGE, PLACE, at, attempt, milliseconds, point
from tracking.mlflow_tracking import MlflowTracking
from tracking.shown_lineages import show
from tracking.tuning_runs import runs_of_tuning
from tracking.wandb_tracking import WandbTracking

ARN = PLACE.replace("training-job", "hyper-parameter-tuning-job") + "/t0123456-digits-0a1b2c3d-1"
RANGES = {
    "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "1e-5", "MaxValue": "1e-2"}],
    "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["adamw", "sgd"]}],
}


def tuning(kind: str = "Minimize", **changes: Any) -> Tuning:
    description = {
        "HyperParameterTuningJobName": ARN.rpartition("/")[2],
        "HyperParameterTuningJobArn": ARN,
        "HyperParameterTuningJobStatus": "InProgress",
        "CreationTime": at(0),
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": kind, "MetricName": "val_loss"},
            "ParameterRanges": RANGES,
        },
        "TrainingJobDefinition": {"StaticHyperParameters": {"epochs": "3", "sagemaker_x": "y"}},
    }
    return Tuning(description | changes)


def trial(number: int, objective: float | None, status: str = "Completed") -> Attempt:
    ended = {"TrainingJobStatus": status, "TrainingEndTime": at(100 - number)}
    spent = {"BillableTimeInSeconds": 10, "HyperParameters": {"rate": f"1e-{number}"}}
    return replace(attempt(number, number, **ended, **spent), objective=objective)


TRIALS = (trial(1, 0.5), trial(2, 0.3), trial(3, None, "Failed"), trial(4, 0.4))
FOUND = [(each, [point("val_loss", 1, 0.5, 50)] if each is TRIALS[0] else []) for each in TRIALS]


@pytest.mark.parametrize(
    ("kind", "best", "curve"),
    [("Minimize", 0.3, [0.4, 0.3, 0.3]), ("Maximize", 0.5, [0.4, 0.4, 0.5])],
)
def test_a_tuning_job_shows_the_best_so_far(kind: str, best: float, curve: list[float]):
    # The trials end in the reverse order of their start.
    found = [(trial, list[Point]()) for trial in TRIALS]
    run, *trials = runs_of_tuning(LINEAGE, tuning(kind), found, nothing, at(200))
    assert [each.value for each in run.points] == curve
    assert [each.time_ms for each in run.points] == [milliseconds(100 - each) for each in (4, 2, 1)]
    assert run.tags["objective"] == best
    assert run.tags["billable_seconds"] == 40
    assert run.tags["trials"] == 4
    assert (run.status, run.parent) == ("RUNNING", "")
    assert run.parameters == {"epochs": "3", "rate": "1e-5 to 1e-2", "optimizer": "adamw, sgd"}
    assert {each.parent for each in trials} == {ARN}
    assert [each.tags["objective"] for each in trials] == [0.5, 0.3, "", 0.4]
    assert [each.status for each in trials] == ["FINISHED", "FINISHED", "FAILED", "FINISHED"]
    assert trials[1].parameters == {"rate": "1e-2"}


def test_a_tuning_job_is_shown_beside_the_lineages_own_jobs_and_again_without_a_change():
    server = FakeServer()
    for calls in (None, 2):
        server.calls = 0
        tracking = MlflowTracking(FakeMlflowClient(server), ENTITIES, "digits")
        show(tracking, LINEAGE, [], at(200), [(tuning(), FOUND)])
        assert calls in (None, server.calls)
    names = sorted(run.name for run in server.shown())
    assert names == [*(f"{LINEAGE}-01234567-{n}" for n in (1, 2, 3, 4)), ARN.rpartition("/")[2]]


def test_a_tuning_job_and_its_trials_are_in_the_lineages_group_in_wandb():
    project = FakeProject()
    for calls in (None, 1):
        project.calls = 0
        tracking = WandbTracking(FakeWandb(project), "research", "digits")
        show(tracking, LINEAGE, [], at(200), [(tuning(), FOUND)])
        assert calls in (None, project.calls)
    first, *trials = project.shown()
    assert (first.job_type, first.name) == ("tuning", ARN.rpartition("/")[2])
    assert {(run.job_type, run.group) for run in trials} == {("trial", LINEAGE)}
    assert {run.config["sagemaker"]["parent"] for run in trials} == {first.name}
    assert [run.config["sagemaker"]["objective"] for run in trials] == [0.5, 0.3, "", 0.4]
    assert [row["best/val_loss"] for row in first.rows] == [0.4, 0.3, 0.3]


def test_a_tuning_job_without_a_trial_is_shown():
    [run] = runs_of_tuning(LINEAGE, tuning(), [], nothing, at(200))
    assert (run.status, run.points, run.tags["best_trial"]) == ("RUNNING", [], "")


def nothing(_key: str, _before_ms: int) -> list[Point]:
    return []
