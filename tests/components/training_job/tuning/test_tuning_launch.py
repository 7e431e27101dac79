"""What the next tuning job of a lineage goes on with: after a pause, a failure, or a change."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.training_job.aws import found_jobs
from components.training_job.aws.errors import TrainingJobError
from components.training_job.code_channel.source_control import Revision
from components.training_job.tuning import tuning_provider
from components.training_job.tuning.tuning_provider import TuningJobProvider
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import (
    GRID,
    checked,
    launch,
    paused,
    refreshed,
    resumed,
    tuned,
    tuning_provider_over,
)

Printed = pytest.CaptureFixture[str]


def with_trials(
    aws: FakeAws, state: dict[str, Any], *objectives: float, running: int = 0
) -> dict[str, Any]:
    """The state of a tuning job that has made these trials, with others that run."""
    for objective in objectives:
        aws.add_trial(state["tuning_job_name"], objective)
    for _ in range(running):
        aws.add_trial(state["tuning_job_name"], status="InProgress")
    return state


def request_of(aws: FakeAws, state: dict[str, Any]) -> dict[str, Any]:
    return aws.tunings[state["tuning_job_name"]]


def limits_of(aws: FakeAws, state: dict[str, Any]) -> dict[str, int]:
    limits: dict[str, int] = request_of(aws, state)["HyperParameterTuningJobConfig"][
        "ResourceLimits"
    ]
    return limits


def test_a_pause_keeps_what_succeeded_and_the_next_attempt_makes_the_rest(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    first = with_trials(aws, launch(tuning, tuned()), 0.5, 0.25, 0.75, running=2)
    stopped = paused(tuning, first)
    assert (stopped["status"], stopped["paused"]) == ("Stopped", True)
    assert aws.live() == []
    assert "trials with an objective count, and the others start again" in capsys.readouterr().out
    again = checked(tuning, tuned(job={"paused": True}))
    assert tuning.diff("", stopped, again).changes is False
    second = resumed(tuning, stopped)
    assert "count if they have an objective, and start again if not" in capsys.readouterr().out
    assert (second["attempt"], second["tries"]) == (2, 1)
    assert second["warm_start_parents"] == [first["tuning_job_name"]]
    assert second["warm_start_type"] == "IdenticalDataAndAlgorithm"
    assert limits_of(aws, second) == {
        "MaxNumberOfTrainingJobs": 7,
        "MaxParallelTrainingJobs": 2,
    }
    with_trials(aws, second, 0.5)
    second = refreshed(tuning, second)
    assert second["objective_value"] == 0.25
    assert second["best_training_job"].startswith(first["tuning_job_name"])
    assert second["cost_usd"] == pytest.approx((3 + 2 + 1) * 1.515)
    aws.end_tuning(second["tuning_job_name"])
    table = json.loads(aws.objects[refreshed(tuning, second)["trials_uri"]])
    assert [each["objective"] for each in table["trials"]] == [0.5, 0.25, 0.75, None, None, 0.5]


def test_another_definition_learns_from_the_lineage_and_counts_its_own_trials(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    first = with_trials(aws, launch(tuning, tuned()), 0.5, 0.25)
    second = launch(tuning, tuned(run_id="again"))
    assert second["warm_start_parents"] == [first["tuning_job_name"]]
    assert limits_of(aws, second)["MaxNumberOfTrainingJobs"] == 10
    assert second["attempt"] == 1
    assert second["best_training_job"] == ""


def test_another_source_takes_transfer_learning(tuning: TuningJobProvider, aws: FakeAws) -> None:
    with_trials(aws, launch(tuning, tuned()), 0.5)
    inputs = tuned(source_hash="fedcba9876543210")
    channel = inputs["request"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]
    channel["S3Uri"] = "s3://artifacts/source/research-dev-digits/1/"
    assert launch(tuning, inputs)["warm_start_type"] == "TransferLearning"


def test_what_can_not_be_learnt_from_is_said_and_the_rest_made_without_it(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    first = with_trials(aws, launch(tuning, tuned()), 0.5)
    second = launch(tuning, tuned(job={"environment": {"MODE": "fast"}}))
    assert second["warm_start_parents"] == []
    reason = f"{first['tuning_job_name']}: the environment has changed: MODE"
    assert reason in capsys.readouterr().out


def test_a_job_that_is_not_to_learn_makes_only_the_trials_that_are_left(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    never = {"warmStart": "never"}
    stopped = paused_with(tuning, with_trials(aws, launch(tuning, tuned(never)), 0.5), never)
    second = resumed(tuning, stopped, tuning=never)
    assert "WarmStartConfig" not in request_of(aws, second)
    assert limits_of(aws, second)["MaxNumberOfTrainingJobs"] == 9


def paused_with(
    provider: TuningJobProvider, state: dict[str, Any], tuning: dict[str, Any]
) -> dict[str, Any]:
    return paused(provider, state, tuning=tuning)


def test_a_failure_is_tried_again_with_what_succeeded(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    job = {"relaunch": "onFailure", "maxAttempts": 2}
    state = with_trials(aws, launch(tuning, tuned(job=job)), 0.5, 0.25)
    for tries in (2, 1):
        aws.end_tuning(state["tuning_job_name"], "Failed", "InternalServerError")
        state = refreshed(tuning, state)
        assert state["outcome"] == "service error"
        news = checked(tuning, tuned(job=job))
        if tries == 1:  # no attempt is left
            assert tuning.diff("", state, news).changes is False
            break
        assert tuning.diff("", state, news).replaces
        assert "try 2 of 2" in capsys.readouterr().out
        tuning.delete("", state)
        state = tuning.create(news).outs or {}
        assert (state["tries"], state["attempt"]) == (2, 2)
        assert limits_of(aws, state)["MaxNumberOfTrainingJobs"] == 8


@pytest.mark.parametrize("most", [3, 2], ids=["all", "a lower limit"])
def test_nothing_is_launched_where_enough_trials_have_succeeded(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed, most: int
) -> None:
    limit = {"maxTrials": 3}
    state = with_trials(aws, launch(tuning, tuned(limit)), 0.5, 0.25, 0.75)
    state = resumed(tuning, paused_with(tuning, state, limit), tuning={"maxTrials": most})
    assert "nothing is launched" in capsys.readouterr().out
    assert (state["attempt"], state["status"], state["outcome"]) == (1, "Stopped", "completed")
    assert aws.calls.count("CreateHyperParameterTuningJob") == 1
    state = refreshed(tuning, state)
    assert state["outcome"] == "completed"
    assert tuning.diff("", state, checked(tuning, tuned({"maxTrials": most}))).changes is False


def test_the_trials_that_a_sixth_pause_leaves_out_are_named(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    limit = {"maxTrials": 100}
    state = launch(tuning, tuned(limit))
    for number in range(6):
        with_trials(aws, state, *[0.5] * (1 if number == 2 else 2))
        aws.now += timedelta(hours=1)
        capsys.readouterr()
        state = paused_with(tuning, state, limit)
        said = capsys.readouterr().out
        state = resumed(tuning, state, tuning=limit)
        assert ("no longer known" in said) is (number == 5)
    assert "1 of t0123456-digits-" in said
    assert "1 of t0123456-digits-" in capsys.readouterr().out
    assert len(state["warm_start_parents"]) == 5
    assert limits_of(aws, state)["MaxNumberOfTrainingJobs"] == 89


def test_a_pause_of_a_live_grid_is_refused_before_it_is_stopped(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = launch(tuning, tuned(GRID))
    news = checked(tuning, tuned(GRID, job={"paused": True}))
    for verb in (tuning.diff, tuning.update):
        with pytest.raises(TrainingJobError, match="a grid can't go on after a pause"):
            verb("", state, news)
    assert aws.live_tunings() == [state["tuning_job_name"]]
    aws.end_tuning(state["tuning_job_name"])
    assert tuning.diff("", state, news).changes is True
    assert (tuning.update("", state, news).outs or {})["status"] == "Completed"


def test_a_grid_that_was_stopped_begins_again_and_says_so(
    tuning: TuningJobProvider, aws: FakeAws, capsys: Printed
) -> None:
    state = with_trials(aws, launch(tuning, tuned(GRID)), 0.5)
    aws.end_tuning(state["tuning_job_name"], "Stopped")
    stopped = paused_with(tuning, refreshed(tuning, state), GRID)
    state = resumed(tuning, stopped, tuning=GRID)
    assert "a grid can't go on from earlier trials" in capsys.readouterr().out
    assert limits_of(aws, state)["MaxNumberOfTrainingJobs"] == 4
    assert state["warm_start_parents"] == []


def test_a_job_that_returns_after_it_left_the_settings_goes_on(
    tuning: TuningJobProvider, aws: FakeAws
) -> None:
    state = with_trials(aws, launch(tuning, tuned()), 0.5)
    tuning.delete("", state)  # the state still has it, as the update failed later
    assert tuning.diff("", state, checked(tuning, tuned())).replaces
    assert launch(tuning, tuned())["attempt"] == 2


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pause", "change", "fail", "refresh"]),
        st.integers(0, 4),
        st.integers(0, 2),
        st.timedeltas(timedelta(), timedelta(hours=2)),
    ),
    max_size=6,
)


@given(steps=STEPS)
@settings(max_examples=40)
def test_whatever_happens_one_tuning_job_is_live_and_no_more_trials_succeed_than_are_allowed(
    steps: list[tuple[str, int, int, timedelta]],
) -> None:
    aws = FakeAws()
    provider, run = tuning_provider_over(aws), 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda _seconds: None)
        patch.setattr(found_jobs, "_now", lambda: aws.now)
        patch.setattr(tuning_provider, "revision", lambda _: Revision("0" * 40, False))
        state = launch(provider, tuned(run_id=str(run)))
        for step, succeeded, running, age in steps:
            counters = request_of(aws, state)["ObjectiveStatusCounters"]
            room = limits_of(aws, state)["MaxNumberOfTrainingJobs"] - counters["Succeeded"]
            with_trials(aws, state, *[0.5] * min(succeeded, room), running=running)
            aws.now += age
            if step == "pause":
                state = resumed(provider, paused(provider, state, run_id=str(run)), run_id=str(run))
            elif step == "change":
                run += 1
                state = launch(provider, tuned(run_id=str(run)))
            elif step == "fail":
                aws.end_tuning(state["tuning_job_name"], "Failed", "InternalServerError")
                provider.delete("", state)
                state = launch(provider, tuned(run_id=str(run)))
            state = refreshed(provider, state)
            assert set(aws.live_tunings()) <= {state["tuning_job_name"]}
            assert aws.live_tunings() or state["outcome"] == "completed"
            assert None not in state.values()
            if not aws.live_tunings():
                break
            attempts = [
                each
                for name, each in aws.tunings.items()
                if name.rpartition("-")[0] == state["tuning_job_name"].rpartition("-")[0]
            ]
            assert sum(each["ObjectiveStatusCounters"]["Succeeded"] for each in attempts) <= 10
            assert len(attempts) == state["attempt"]
