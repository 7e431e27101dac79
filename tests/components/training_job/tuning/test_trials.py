"""What is seen of the trials of a tuning job."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from components.training_job.tuning.observation import observed
from components.training_job.tuning.trials import best_of, trials_of
from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import launch, tuned


def test_a_trial_has_what_was_tried_what_it_came_to_and_what_it_cost(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    job = {"hyperparameters": {"epochs": 3}}
    name = launch(tuning, tuned(job=job))["tuning_job_name"]
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    first = aws.add_trial(name, 0.5, TrainingStartTime=started, seconds=1800)
    aws.add_trial(name, None, "Failed", FailureReason="AlgorithmError: no data")
    aws.add_trial(name, 0.4, "InProgress")
    trials = trials_of(aws, aws.tunings[name])
    assert [each.status for each in trials] == ["Completed", "Failed", "InProgress"]
    assert trials[0].name == first
    assert trials[0].hyperparameters == {"epochs": "3", "learning-rate": "0.1"}
    assert (trials[0].started, trials[0].seconds) == ("2026-01-02T03:04:05+00:00", 1800)
    assert trials[0].cost_usd == pytest.approx(0.7575)
    assert trials[1].failure_reason == "AlgorithmError: no data"
    assert (trials[2].cost_usd, trials[2].billable_seconds) == (0, 0)


@pytest.mark.parametrize(("direction", "best"), [("Minimize", 0.25), ("Maximize", 0.5)])
def test_the_best_is_one_that_completed_with_a_number(
    tuning: TuningJobProvider, aws: FakeAws, direction: str, best: float
) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    for objective in (0.5, 0.25, float("nan"), float("inf"), None):
        aws.add_trial(name, objective)
    aws.add_trial(name, 0.1, "Stopped")
    aws.add_trial(name, 0.9, "Stopped")
    found = best_of(trials_of(aws, aws.tunings[name]), direction)
    assert found is not None
    assert found.objective == best


def test_what_a_search_shows_of_trials_that_ended_is_not_asked_again_and_a_search_is_not_needed(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    for _ in range(5):
        aws.add_trial(name, 0.5)
    aws.now += timedelta(hours=1)
    aws.add_trial(name, 0.5)
    aws.calls.clear()
    searched = trials_of(aws, aws.tunings[name])
    assert aws.calls.count("DescribeTrainingJob") == 1
    aws.deny("Search")
    assert trials_of(aws, aws.tunings[name]) == searched


def test_a_table_is_written_once_all_trials_have_ended_and_is_not_written_again(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    trial = aws.add_trial(name, 0.5, "InProgress")
    aws.end_tuning(name)
    assert observed(aws, aws, aws.tunings[name])["trials_uri"] == ""
    aws.set_status(trial, "Completed")
    uri = observed(aws, aws, aws.tunings[name])["trials_uri"]
    table = json.loads(aws.objects[uri])
    assert table["objective"] == {"Type": "Minimize", "MetricName": "loss"}
    assert table["lineage"] == "research-dev-digits"
    assert [each["name"] for each in table["trials"]] == [trial]
    aws.objects[uri] = b"first"
    assert observed(aws, aws, aws.tunings[name])["trials_uri"] == uri
    assert aws.objects[uri] == b"first"


def test_a_table_that_can_not_be_written_hides_no_end(
    tuning: TuningJobProvider, aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    name = launch(tuning, tuned())["tuning_job_name"]
    aws.add_trial(name, 0.5)
    aws.end_tuning(name)
    aws.deny("PutObject")
    seen = observed(aws, aws, aws.tunings[name])
    assert (seen["trials_uri"], seen["outcome"]) == ("", "completed")
    assert "can't be written" in capsys.readouterr().out
