"""The record of a tuning job."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.tuning.tuning_records import End, Point, TuningJob, best_of
from tests.localcloud.sagemaker.tuning.tunings import add_trial, tuning_job


def test_a_job_comes_back_from_its_document_which_does_not_change_with_it():
    job = tuning_job()
    trial = add_trial(job, 1.0, status="InProgress")
    job.inherited, job.best_inherited = (Point({"rate": "1"}, 0.5),), add_trial(tuning_job(), 0.5)
    job.end, job.tags = End("Stopped"), {"team": "research"}

    document = job.document()
    before = TuningJob.from_document(document)
    trial.values.append(2.0)
    trial.status = "Stopped"

    assert TuningJob.from_document(document) == before
    assert before.trials[0].values == [1.0]
    assert TuningJob.from_document(job.document()) == job


@pytest.mark.parametrize(
    ("end", "ended", "status"),
    [
        (None, None, "InProgress"),
        (End("Completed"), None, "InProgress"),
        (End("Stopped"), None, "Stopping"),
        (End("Stopped"), 1.0, "Stopped"),
        (End("Failed", "why"), 1.0, "Failed"),
    ],
)
def test_a_job_keeps_its_status_until_its_trials_have_ended(
    end: End | None, ended: float | None, status: str
):
    job = tuning_job()
    job.end, job.ended = end, ended

    assert job.status == status


def test_the_best_trial_has_ended_and_has_an_objective():
    job = tuning_job()
    first = add_trial(job, 3.0, 2.0)
    add_trial(job, 2.0)
    stopped = add_trial(job, 4.0, status="Stopped")
    for status in ("InProgress", "Failed"):
        add_trial(job, 1.0, status=status)
    add_trial(job)

    assert job.best is first
    assert best_of(job.trials, minimises=False) is stopped
    assert [each.objective_status for each in job.trials] == [
        *["Succeeded"] * 3,
        "Pending",
        "Failed",
        "Failed",
    ]
