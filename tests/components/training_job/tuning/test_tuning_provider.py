"""The verbs of the provider of tuning jobs, with AWS in memory."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.request.job_tags import LINEAGE_TAG, OWNER_TAG, RELEASED_TAG
from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import CrashError, FakeAws
from tests.components.training_job.conftest import inputs_of_job
from tests.components.training_job.providers import launch as launch_training
from tests.components.training_job.providers import provider_over
from tests.components.training_job.tuning.tuned_jobs import (
    PREFIX,
    checked,
    launch,
    paused,
    refreshed,
    resumed,
    tuned,
    tuning_provider_over,
)

Printed = pytest.CaptureFixture[str]
OTHER = {"seed": 7}
"""Makes another definition."""


def test_a_tuning_job_is_launched_once_with_its_tags_and_a_place_for_its_checkpoints(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned())
    name = state["tuning_job_name"]
    assert name.startswith(PREFIX)
    assert len(name) <= 32
    assert aws.live_tunings() == [name]
    assert state["checkpoint_uri"] == f"s3://artifacts/checkpoints/research-dev-digits/{name}/"
    assert (
        aws.tags[state["tuning_job_arn"]]
        | {
            "team": "research",
            LINEAGE_TAG: "research-dev-digits",
            OWNER_TAG: "artifacts",
        }
        == (aws.tags[state["tuning_job_arn"]])
    )
    assert None not in state.values()
    record = json.loads(aws.objects[f"s3://artifacts/output/research-dev-digits/{name}/run.json"])
    assert record["definition"]["tuning"]["Strategy"] == "Bayesian"
    assert launch(tuning, tuned()) == state
    assert aws.calls.count("CreateHyperParameterTuningJob") == 1


@pytest.mark.parametrize("changes", [{"launch": False}, {"paused": True}], ids=["off", "paused"])
def test_nothing_is_launched_while_the_switch_is_off_or_the_job_paused(
    tuning: TuningJobProvider, aws: FakeAws, changes: dict[str, Any]
) -> None:
    state = launch(tuning, tuned(**changes))
    assert (state["tuning_job_name"], state["status"], state["cost_usd"]) == ("", "NotLaunched", 0)
    assert None not in state.values()
    assert aws.calls == []


def test_what_the_api_refuses_of_the_tuning_or_of_its_trials_is_reported_once() -> None:
    provider = tuning_provider_over(FakeAws())
    inputs = tuned()
    inputs["tuning"]["ResourceLimits"]["MaxRuntimeInSeconds"] = 1
    inputs["tuning"]["TuningJobCompletionCriteria"] = {"TargetObjectiveMetricValue": "low"}
    inputs["request"]["RoleArn"] = "nobody"
    inputs["request"]["ModelPackageConfig"] = {"ModelPackageGroupArn": "arn"}
    failures = [each.reason for each in provider.check({}, inputs).failures]
    assert any("request.RoleArn" in each for each in failures)
    assert not any("trial.RoleArn" in each for each in failures)
    assert any("tuning.ResourceLimits.MaxRuntimeInSeconds" in each for each in failures)
    assert any("TargetObjectiveMetricValue" in each for each in failures)
    assert any("request.ModelPackageConfig" in each and "a trial" in each for each in failures)


def test_another_definition_ends_the_one_that_runs_and_its_trials(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    first = launch(tuning, tuned())
    aws.add_trial(first["tuning_job_name"], status="InProgress")
    second = launch(tuning, tuned(OTHER))
    assert aws.live_tunings() == [second["tuning_job_name"]]
    assert aws.live() == []
    assert RELEASED_TAG in aws.tags[first["tuning_job_arn"]]


def test_a_training_job_of_before_the_job_was_tuned_is_ended_first_and_no_trial_is_taken_for_one(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    job = launch_training(provider_over(aws), inputs_of_job())
    state = launch(tuning, tuned())
    assert aws.live() == []
    assert RELEASED_TAG in aws.tags[job["training_job_arn"]]
    trial = aws.add_trial(state["tuning_job_name"], status="InProgress")
    aws.calls.clear()
    launch(tuning, tuned())
    assert aws.live() == [trial]
    assert "StopTrainingJob" not in aws.calls


def test_a_training_job_ends_the_tuning_of_when_the_job_was_tuned(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned())
    aws.now += 2 * aws.search_delay
    job = launch_training(provider_over(aws), inputs_of_job())
    assert aws.live_tunings() == []
    assert RELEASED_TAG in aws.tags[state["tuning_job_arn"]]
    assert aws.live() == [job["training_job_name"]]


def test_another_owners_live_tuning_of_the_same_place_is_refused_and_not_touched(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    theirs = launch(tuning, tuned(owner="theirs"))
    with pytest.raises(TrainingJobError, match=r"belongs to theirs, not to artifacts"):
        launch(tuning, tuned())
    assert aws.live_tunings() == [theirs["tuning_job_name"]]


def test_another_owners_tuning_of_the_same_name_in_another_bucket_is_not_touched(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    inputs = tuned(OTHER, owner="theirs")
    inputs["request"]["OutputDataConfig"]["S3OutputPath"] = "s3://theirs/output"
    launch(tuning, inputs)
    launch(tuning, tuned())
    assert len(aws.live_tunings()) == 2


def test_a_role_that_has_not_settled_is_waited_for(tuning: TuningJobProvider, aws: FakeAws) -> None:
    message = "No S3 objects found under S3 URL s3://artifacts/ given in input data source"
    aws.refuse("CreateHyperParameterTuningJob", "ValidationException", message, times=2)
    launch(tuning, tuned())
    assert len(aws.live_tunings()) == 1


def test_a_delete_stops_the_trials_lets_it_go_and_keeps_a_table_of_them(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned())
    name = state["tuning_job_name"]
    aws.add_trial(name, 0.5)
    aws.add_trial(name, status="InProgress")
    tuning.delete(name, state)
    assert (aws.live(), aws.live_tunings()) == ([], [])
    assert RELEASED_TAG in aws.tags[state["tuning_job_arn"]]
    table = json.loads(aws.objects[f"s3://artifacts/output/research-dev-digits/{name}/trials.json"])
    assert [each["objective"] for each in table["trials"]] == [0.5, None]


def test_a_refresh_records_trials_and_cost_and_is_no_difference(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned())
    name = state["tuning_job_name"]
    aws.add_trial(name, 0.5)
    best = aws.add_trial(name, 0.3, SecondaryStatusTransitions=[{"Status": "Interrupted"}])
    aws.add_trial(name, status="InProgress", objective=0.1)
    state = refreshed(tuning, state)
    assert state["best_training_job"] == best
    assert state["best_hyperparameters"] == {"learning-rate": "0.2"}
    assert state["objective_value"] == 0.3
    assert state["model_uri"].endswith(f"{best}/output/model.tar.gz")
    assert (state["cost_usd"], state["billable_seconds"], state["interruptions"]) == (3.03, 7200, 1)
    assert (state["counters"]["completed"], state["counters"]["in_progress"]) == (2, 1)
    assert state["trials_uri"] == ""
    assert tuning.diff("", state, checked(tuning, tuned())).changes is False
    for trial in aws.live():
        aws.set_status(trial, "Completed")
    aws.end_tuning(name)
    state = refreshed(tuning, state)
    assert (state["outcome"], state["objective_value"]) == ("completed", 0.1)
    assert state["trials_uri"] in aws.objects
    assert tuning.diff("", state, checked(tuning, tuned())).changes is False
    aws.calls.clear()
    assert refreshed(tuning, state) == state
    assert aws.calls == ["DescribeHyperParameterTuningJob"]


def test_what_can_not_be_seen_of_trials_hides_no_launch_and_costs_nothing_known(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    state = launch(tuning, tuned())
    name = state["tuning_job_name"]
    aws.tunings[name]["BestTrainingJob"] = {
        "TrainingJobName": "best",
        "TunedHyperParameters": {"layers": "3"},
        "FinalHyperParameterTuningJobObjectiveMetric": {"Value": 0.25},
    }
    aws.deny("ListTrainingJobsForHyperParameterTuningJob")
    state = refreshed(tuning, state)
    assert (state["cost_usd"], state["best_training_job"]) == ("unknown", "best")
    assert "trials can't be seen" in capsys.readouterr().out


def test_a_record_that_is_gone_is_no_longer_in_the_state(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned())
    aws.tunings.clear()
    assert tuning.read("", state).id is None
    with pytest.raises(TrainingJobError, match="is gone, so it can't be changed"):
        tuning.update("", state, checked(tuning, tuned(job={"paused": True})))


@pytest.mark.parametrize(
    "change",
    [{"maxTrials": 20}, {"parallel": 5}, {"maxRuntime": "24h"}, {"earlyStopping": True}],
    ids=lambda change: next(iter(change)),
)
def test_a_limit_is_recorded_in_place_and_applies_to_the_next_launch(
    tuning: TuningJobProvider, aws: FakeAws, change: dict[str, Any]
) -> None:
    state = launch(tuning, tuned())
    news = checked(tuning, tuned(change))
    difference = tuning.diff("", state, news)
    assert (difference.changes, difference.replaces) == (True, [])
    after = tuning.update("", state, news).outs or {}
    assert after["tuning"] == news["tuning"]
    assert aws.calls.count("CreateHyperParameterTuningJob") == 1
    assert tuning.diff("", after, news).changes is False


def test_a_tag_is_changed_in_place(tuning: TuningJobProvider, aws: FakeAws) -> None:
    state = launch(tuning, tuned())
    news = checked(tuning, tuned(job={"tags": {"cost-centre": "7"}}))
    tuning.update("", state, news)
    assert aws.tags[state["tuning_job_arn"]]["cost-centre"] == "7"


def test_an_import_is_refused_with_the_remedy(tuning: TuningJobProvider) -> None:
    with pytest.raises(TrainingJobError, match="adopted by its name and tags"):
        tuning.read("t0123456-digits-0123abcd-1", {})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("aws")
def test_a_crash_at_any_call_of_a_launch_leaves_one_tuning_job(moment: str) -> None:
    for point in itertools.count(1):
        aws = FakeAws()
        provider = tuning_provider_over(aws)
        launch_training(provider_over(aws), inputs_of_job())
        launch(provider, tuned(OTHER))
        aws.crash_at = (len(aws.calls) + point, moment)
        try:
            launch(provider, tuned())
        except CrashError:
            pass
        else:
            break
        aws.crash_at = None
        state = launch(tuning_provider_over(aws), tuned())
        assert aws.live_tunings() == [state["tuning_job_name"]]
        assert state["attempt"] == 1
        assert aws.live() == []
    assert point > 12


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("aws")
def test_a_crash_at_any_call_of_a_pause_or_of_what_follows_leaves_one_tuning_job(
    moment: str,
) -> None:
    for point in itertools.count(1):
        aws = FakeAws()
        provider = tuning_provider_over(aws)
        state = launch(provider, tuned())
        aws.add_trial(state["tuning_job_name"], 0.5)
        aws.crash_at = (len(aws.calls) + point, moment)
        try:
            state = paused(provider, state)
            resumed(provider, state)
        except CrashError:
            aws.crash_at = None
        else:
            break
        news = checked(provider, tuned())
        if provider.diff("", state, news).replaces:
            provider.delete("", state)
            state = provider.create(news).outs or {}
        else:  # it was asked to stop before the crash, and stopped after it
            state = resumed(provider, paused(provider, state))
        assert aws.live_tunings() == [state["tuning_job_name"]]
    assert point > 20
