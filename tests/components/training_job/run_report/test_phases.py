from __future__ import annotations

from datetime import timedelta

from components.training_job.run_report.phases import TimeAxis, seconds_by_phase, spans_of
from tests.components.training_job.run_report.made_up import HOUR, NOW, at, attempt, interrupted


def test_statuses_become_phases_and_those_of_one_phase_that_follow_each_other_are_one():
    phases = [("Starting", 1.0), ("Pending", 2.0), ("DownloadingTrainingImage", 3.0),
              ("Downloading", 4.0), ("Training", 5.0), ("Completed", 0.0)]  # fmt: skip
    spans = spans_of(attempt(1, 0, phases), NOW)
    assert [(each.phase, each.seconds) for each in spans] == [
        ("waiting", 3), ("downloading", 7), ("training", 5),
    ]  # fmt: skip


def test_seconds_are_added_up_by_phase():
    found = seconds_by_phase(spans_of(interrupted()[0], NOW))
    assert found == {
        "waiting": 900, "downloading": 600, "training": 2 * HOUR, "interrupted": 900,
        "uploading": 60, "stopping": 90,
    }  # fmt: skip
    assert next(iter(found)) == "waiting"


def test_the_phase_that_a_job_is_in_lasts_until_now():
    live = attempt(1, 0, [("Training", 60.0)], TrainingJobStatus="InProgress")
    live.description["SecondaryStatusTransitions"][0].pop("EndTime")
    [span] = spans_of(live, at(90))
    assert span.seconds == 90


def test_a_long_pause_is_drawn_short():
    night = timedelta(hours=14)
    axis = TimeAxis([(at(0), at(HOUR)), (at(HOUR) + night, at(2 * HOUR) + night)])

    assert axis.is_cut
    assert axis.place(0, at(0)) == 0
    assert axis.place(1, at(2 * HOUR) + night) == 1
    assert 0.45 < axis.place(0, at(HOUR)) < axis.place(1, at(HOUR) + night) < 0.55


def test_a_short_pause_is_drawn_as_it_was():
    axis = TimeAxis([(at(0), at(50)), (at(51), at(100))])
    assert not axis.is_cut
    assert axis.place(1, at(51)) == 0.51


def test_an_attempt_that_has_just_begun_has_a_place():
    assert TimeAxis([(at(0), at(0))]).place(0, at(0)) == 0
