from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

import pytest
from rich.console import Console

from components.training_job.reader.tunings import FoundTuning, Tuning
from components.training_job.tuning.trials import Trial
from development.log_lines import LogLine
from development.stacks import make
from development.terminal import (
    Failure,
    log_line,
    print_after_failure,
    print_jobs,
    print_next,
    print_outputs,
    print_results,
    print_tunings,
)
from toolchain.layout import CHECKOUT

MODEL = "s3://research-dev-store-artifacts-d812304/output/research-dev-digits/model.tar.gz"


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=60)


def text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def job(**changes: Any) -> dict[str, Any]:
    return {
        "name": "research-dev-digits-2cff86f5-1",
        "status": "Completed",
        "secondary_status": "Completed",
        "failure_reason": "",
        "metrics": {"test_accuracy": 0.98607},
        "training_seconds": 36,
        "billable_seconds": 11,
        "cost_usd": 0.0012,
        "cost_ceiling_usd": 0.204,
        "model_uri": MODEL,
        "checkpoint_uri": "",
    } | changes


def test_outputs_metrics_times_costs_and_places_are_printed(console: Console):
    print_outputs(console, {"vpc_id": "vpc-1", "training_jobs": {"digits": job()}})
    printed = text(console)
    for expected in ("vpc-1", "0.9861", "36 s", "11 s", "0.0012 USD", "0.2040 USD", "Completed"):
        assert expected in printed


def test_a_small_metric_and_a_small_cost_are_not_zero_and_a_cost_has_no_exponent(console: Console):
    small = job(metrics={"loss": 0.0000374, "step": 1200.0}, cost_usd=0.000032)
    outputs = {"training_cost_usd": {"billed": 9.6e-05}, "training_jobs": {"line": small}}
    print_outputs(console, outputs)
    assert "3.7e-05" in text(console)
    assert "1200\n" in text(console)
    assert "billed 0.000096" in text(console)
    assert "under 0.0001 USD, at" in text(console)


def test_an_address_stays_in_one_line_on_a_narrow_terminal(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job()}})
    assert MODEL in text(console)


def test_an_unknown_cost_is_unknown_and_not_zero(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job(cost_ceiling_usd="unknown")}})
    assert "unknown" in text(console)


def test_a_failed_job_has_its_reason(console: Console):
    failed = job(status="Failed", failure_reason="AlgorithmError: exit code: 1")
    print_outputs(console, {"training_jobs": {"digits": failed}})
    assert "AlgorithmError: exit code: 1" in text(console)


def test_a_job_that_was_not_launched_is_said_to_be(console: Console):
    print_outputs(console, {"training_jobs": {"digits": job(name="", status="NotLaunched")}})
    assert "not launched" in text(console)


def test_the_result_of_the_only_job_is_three_lines(console: Console):
    print_results(console, {"vpc_id": "vpc-1", "training_jobs": {"digits": job()}})
    assert text(console).splitlines() == [
        "Training job digits: research-dev-digits-2cff86f5-1  Completed, 36 s of training, "
        "11 s of it billed, 0.0012 USD at AWS's list price, ceiling 0.2040 USD",
        "  final test_accuracy 0.9861",
        f"  model {MODEL}",
    ]


def test_where_all_of_the_time_was_billed_it_is_said_once(console: Console):
    print_results(console, {"training_jobs": {"digits": job(billable_seconds=36)}})
    assert "36 s of training, 0.0012 USD" in text(console)


def test_the_results_of_several_jobs_are_a_line_each_and_one_more_for_a_reason(console: Console):
    failed = job(name="research-dev-b-1", status="Failed", metrics={}, failure_reason="[x] no data")
    jobs = {"training_jobs": {"a": job(), "b": failed}, "tuning_jobs": {"c": tuned()}}
    print_results(console, jobs)
    lines = text(console).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "Training job a", "Training job b", "  [x] no data", "Tuning job c",
    ]  # fmt: skip
    assert lines[0].endswith(", ceiling 0.2040 USD, final test_accuracy 0.9861")
    assert MODEL not in text(console)


def test_the_result_of_a_tuned_job_has_its_best_trial(console: Console):
    print_results(console, {"tuning_jobs": {"digits": tuned(training_seconds=80)}})
    assert text(console).splitlines() == [
        f"Tuning job digits: {TUNING}  Completed, 80 s of training, 0.0417 USD at AWS's list price",
        "  trials completed 11, non retryable error 1",
        f"  best trial {TUNING}-003-0123abcd: test_accuracy = 0.980501 with "
        "learning-rate 0.00314159, note [red]",
        f"  model {MODEL}",
    ]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"name": "", "status": "NotLaunched"}, "not launched, ceiling 0.2040 USD"),
        ({"status": "InProgress", "secondary_status": "Starting"},
         "research-dev-digits-2cff86f5-1  InProgress (Starting), ceiling 0.2040 USD"),
    ],
)  # fmt: skip
def test_of_a_job_that_has_not_ended_only_what_is_known_is_printed(
    console: Console, changes: dict[str, Any], line: str
):
    unknown = {"metrics": {}, "training_seconds": 0, "cost_usd": 0}  # the model's place is known
    print_results(console, {"training_jobs": {"digits": job(**unknown | changes)}})
    assert text(console) == f"Training job digits: {line}\n"


def test_after_a_failure_the_commands_name_the_stack(console: Console):
    for failure in Failure:
        print_after_failure(console, make, "vision-dev", failure)
    printed = text(console)
    assert "Nothing was changed. Correct what is named above, then `make up STACK=vision-dev`." in (
        printed
    )
    assert "  make logs STACK=vision-dev       prints all that the job wrote\n" in printed
    assert "named above. `make up STACK=vision-dev` goes on where this one stopped" in printed
    assert "Interrupted. `make up STACK=vision-dev` goes on where this one stopped" in printed


def test_a_model_is_offered_only_once_there_is_one(console: Console):
    print_next(console, {"digits": job(status="Stopped")})
    assert "make predict" not in text(console)
    print_next(console, {"digits": job()})
    assert "make predict" in text(console)
    assert text(console).splitlines()[-1].startswith("      docs/first-job.md  how to train")
    assert len(text(console).splitlines()) == 6


def test_a_job_that_failed_has_its_reason_below_the_table(console: Console):
    failed = {
        "TrainingJobName": "digits-1",
        "TrainingJobStatus": "Failed",
        "FailureReason": "AlgorithmError: no data",
        "SecondaryStatusTransitions": [],
    }
    print_jobs(console, [failed], [failed])
    assert text(console).endswith("digits-1: AlgorithmError: no data\n")
    print_jobs(console, [failed], [])
    assert text(console).count("no data") == 1


def test_a_table_for_a_program_has_the_whole_names_of_the_jobs():
    name = "physics-tune-poly-weekly-of-the-large-model-2026-w49-e6363990-12"
    command = (
        "from development.terminal import console, print_jobs\n"
        f"print_jobs(console, [{{'TrainingJobName': {name!r}, 'TrainingJobStatus': 'Completed', "
        "'SecondaryStatusTransitions': []}], [])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=CHECKOUT
    ).stdout
    assert f" {name} " in shown


def test_without_jobs_the_table_is_a_sentence(console: Console):
    print_jobs(console, [], [])
    assert "No training job was launched yet" in text(console)


def test_a_job_that_waits_has_the_reason_below_the_table(console: Console):
    waiting = {
        "TrainingJobName": "digits-1",
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [],
        "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    }
    trains = waiting | {"TrainingJobName": "digits-2", "SecondaryStatus": "Training"}
    print_jobs(console, [waiting, trains], [])
    [line] = [each for each in text(console).splitlines() if each.startswith("digits-")]
    assert line.startswith("digits-1: Starting for 0s. It waits for 1 × ml.c5.xlarge on demand")


def test_a_log_line_says_which_instance_of_which_job_wrote_it():
    assert str(log_line(LogLine("digits-1", "algo-2", "loss=1"))) == "digits-1 algo-2 │ loss=1"


def test_what_looks_like_markup_in_a_log_line_is_printed_as_it_is(console: Console):
    console.print(log_line(LogLine("digits-1", "algo-1", "[Gloo] [/red] connected")))
    assert "[Gloo] [/red] connected" in text(console)


TUNING = "t0123456-digits-0123abcd-2"


def tuned(**changes: Any) -> dict[str, Any]:
    return {
        "name": TUNING,
        "status": "Completed",
        "counters": {"completed": 11.0, "in_progress": 0.0, "non_retryable_error": 1.0},
        "best_training_job": f"{TUNING}-003-0123abcd",
        "best_hyperparameters": {"learning-rate": "0.0031415926", "note": "[red]"},
        "objective_metric": "test_accuracy",
        "objective_value": 0.98050138,
        "cost_usd": 0.0417,
        "model_uri": MODEL,
        "trials_uri": "s3://bucket/trials.json",
    } | changes


def of_tuning(*trials: Trial, status: str = "InProgress") -> FoundTuning:
    ranges = {"ContinuousParameterRanges": [{"Name": "learning-rate"}]}
    description = {
        "HyperParameterTuningJobName": TUNING,
        "HyperParameterTuningJobStatus": status,
        "HyperParameterTuningJobConfig": {
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "accuracy"},
            "ParameterRanges": ranges,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 12},
        },
        "TrainingJobStatusCounters": {"Completed": 1, "InProgress": 1},
    }
    return Tuning(description), trials


def trial(number: int, **changes: Any) -> Trial:
    values: dict[str, Any] = {
        "name": f"{TUNING}-{number:03}-0123abcd",
        "status": "Completed",
        "objective": 0.98,
        "hyperparameters": {"learning-rate": "0.0031415926", "epochs": "5"},
        "seconds": 7,
        "cost_usd": 0.0021,
    }
    return Trial(**values | changes)


def test_outputs_of_a_tuned_job_are_shown_as_those_of_other_jobs(console: Console):
    print_outputs(console, {"vpc_id": "vpc-1", "tuning_jobs": {"digits": tuned()}})
    printed = text(console)
    assert "Tuning job digits" in printed
    assert "completed 11, in progress 0, non retryable error 1" in printed
    assert "best test_accuracy" in printed
    assert "0.980501" in printed
    assert "learning-rate 0.0031415926" in printed
    assert "0.0417 USD" in printed
    assert "s3://bucket/trials.json" in printed
    assert "{" not in printed


def test_a_tuned_job_that_was_not_launched_is_said_to_be(console: Console):
    unknown = {"name": "", "status": "NotLaunched", "objective_value": "unknown"}
    print_outputs(console, {"tuning_jobs": {"digits": {"objective_metric": "loss"} | unknown}})
    assert "not launched" in text(console)


def test_of_a_tuning_that_went_on_it_is_said_which_trials_are_those_of_the_last_attempt(
    console: Console,
):
    print_outputs(console, {"tuning_jobs": {"digits": tuned() | {"attempt": 2.0}}})
    printed = text(console)
    assert "trials of attempt 2 " in printed
    assert "table of attempt 2 " in printed


def test_trials_are_a_table_with_the_tuned_values_the_objective_time_and_cost():
    running = trial(4, status="InProgress", objective=None, seconds=0, cost_usd=0)
    wide = Console(file=io.StringIO(), width=100)
    print_tunings(wide, [of_tuning(trial(3), running)])
    lines = text(wide).splitlines()
    assert f"{TUNING}  InProgress: 1 of 12 trials ended, 1 running" in lines
    [best] = [line for line in lines if "2-003" in line]
    [other] = [line for line in lines if "2-004" in line]
    assert [each.strip() for each in best.split("│")[1:-1]] == [
        "2-003",
        "0.00314159",
        "0.98",
        "Completed",
        "7 s",
        "0.0021 USD",
    ]
    assert [each.strip() for each in other.split("│")[3:-1]] == ["–", "InProgress", "–", "–"]
    assert "Cost of the trials that have ended: 0.0021 USD" in lines


def test_of_many_trials_the_best_are_shown_and_the_others_counted(console: Console):
    print_tunings(console, [of_tuning(*map(trial, range(1, 31)))])
    printed = text(console)
    assert "2-020" in printed
    assert "2-021" not in printed
    assert "10 more trials" in printed
