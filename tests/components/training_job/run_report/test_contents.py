from __future__ import annotations

from dataclasses import replace

import pytest

from components.training_job.reader.points import Point
from components.training_job.reader.tunings import FoundTuning
from components.training_job.run_report.contents import (
    Fact,
    Found,
    RunReport,
    report_of,
)
from components.training_job.run_report.page import render
from tests.components.training_job.run_report.made_up import (
    HOUR,
    LINEAGE,
    NOW,
    at,
    attempt,
    completed,
    eventful,
    failed,
    interrupted,
    tuned,
    tuning_job,
)


def report(found: Found) -> RunReport:
    made = report_of(found, NOW)
    assert made is not None
    return made


def test_the_first_sentence_says_how_it_ended_and_after_how_much():
    assert report(eventful()).sentence == (
        "The newest job completed on 2 Nov 2026, 03:27 UTC: 3 attempts, 1 interruption."
    )


def test_after_a_failure_the_reason_the_remedy_and_the_log_are_there():
    broken = report(Found(LINEAGE, [interrupted(), failed()], log=["algo-1 | no"]))
    assert broken.has_failed
    assert "failed (script error) on 2 Nov 2026, 00:11 UTC: 2 attempts" in broken.sentence
    assert broken.sentence.endswith("hidden is 128, and the checkpoint has 256.")
    assert broken.remedy.startswith("read the log below")
    assert broken.log == ["algo-1 | no"]
    assert report(replace(eventful(), log=["algo-1 | no"])).log == ()


def test_a_job_that_runs_is_said_to_run():
    live = attempt(
        1, 0, [("Training", 60.0)], TrainingJobStatus="InProgress", SecondaryStatus="Training"
    )
    running = report_of(Found(LINEAGE, [(live, [])]), at(90))
    assert running is not None
    assert running.sentence == (
        "The newest job is running (Training), at 1 Nov 2026, 08:01 UTC: one attempt, no "
        "interruption."
    )
    assert running.rows[0].attempt.is_live


def test_time_cost_and_results_are_of_the_whole_lineage():
    facts = {fact.name: (fact.value, fact.note) for fact in report(eventful()).facts}
    assert facts["From first launch to end"] == (
        "19 h 27 min",
        "14 h 05 min of it between attempts",
    )
    assert facts["Training phase"][0] == "4 h 03 min"
    assert facts["Attempts"] == ("3", "1 interruption")
    assert facts["Saved by spot"][0] == "69 %"
    assert facts["test_accuracy"] == ("0.874", "result")
    assert facts["Instances"] == ("2", "ml.g5.2xlarge, spot")


def test_the_newest_run_is_compared_with_the_one_before():
    made = report(eventful())
    assert made.compared == (f"{LINEAGE}-01234562-1", f"{LINEAGE}-01234563-1")
    assert made.changes[0].what == "hyperparameter epochs"
    assert report(Found(LINEAGE, [completed()])).compared is None


def test_a_metric_whose_expression_matched_nothing_is_a_warning():
    done, values = completed()
    assert report(Found(LINEAGE, [(done, values)])).warnings == []
    defined = {"MetricDefinitions": [{"Name": "loss", "Regex": "Loss=(.*)"}]}
    done.description["AlgorithmSpecification"].update(defined)
    made = report(Found(LINEAGE, [(done, values)]))
    [warning] = made.warnings
    assert f"{done.name} has no value of loss: its expression 'Loss=(.*)' matched" in warning
    assert "<b>Warning:</b>" in render(made)
    assert "has no value of loss" in render(made)


def test_what_leads_further_is_named():
    links = {each.name: each.address for each in report(eventful()).links}
    assert links["Job in the console"].endswith(f"#/jobs/{LINEAGE}-01234563-1")
    assert links["Record of the run"].endswith(f"{LINEAGE}-01234563-1/run.json")
    assert "Model" in links


def test_a_lineage_that_is_tuned_shows_its_best_trial():
    made = report(tuned())
    assert made.sentence == (
        "The newest tuning job completed on 1 Nov 2026, 14:00 UTC. The best of 40 trials has "
        "val_loss 0.3155."
    )
    assert made.facts[0] == Fact("From first launch to end", "6 h 00 min")
    assert [each.name for each in made.tunings] == ["t1234567-llm-01234567-1"]
    assert made.links[0].address.endswith("#/hyper-tuning-jobs/t1234567-llm-01234567-1")
    assert made.folder == f"s3://bucket/output/{LINEAGE}/t1234567-llm-01234567-1"


def test_a_tuning_that_has_no_trial_yet_is_reported_without_them():
    [(tuning, _)] = tuned().tunings
    description = {**tuning.description, "HyperParameterTuningJobStatus": "InProgress"}
    description.pop("HyperParameterTuningEndTime")
    made = report(Found(LINEAGE, tunings=[(replace(tuning, description=description), [])]))
    assert made.outcome == "running"
    assert made.trials is None
    assert "No trial has ended with a value" in made.sentence


def test_a_tuning_that_failed_says_what_to_do():
    [(tuning, trials)] = tuned().tunings
    reason = "No training job succeeded after 5 attempts."
    description = {
        **tuning.description, "HyperParameterTuningJobStatus": "Failed", "FailureReason": reason,
    }  # fmt: skip
    made = report(Found(LINEAGE, tunings=[(replace(tuning, description=description), trials)]))
    assert made.has_failed
    assert "The newest tuning job failed (trials failed) on" in made.sentence
    assert made.sentence.endswith("No training job succeeded after 5 attempts.")
    assert made.remedy.startswith("read the trials' reasons and logs, correct the script")


def test_the_cost_and_the_forecast_are_those_of_the_newest_run():
    newest = attempt(4, 24 * HOUR, [("Training", HOUR)], expected=HOUR)
    first, second = completed(), (newest, list[Point]())
    made = report(Found(LINEAGE, [interrupted(), first, second]))
    assert made.spent_on == "attempt 3"
    assert made.spending is not None
    assert made.spending.billed == second[0].progress["cost_usd"]
    assert "; this one took 1 h 00 min" in made.foresight["end"]
    assert report(eventful()).spent_on == "the attempts"
    resumed = report(Found(LINEAGE, [first, interrupted(begin=20 * HOUR), second]))
    assert resumed.spent_on == "attempts 2 to 3"


def stopped(attempt: int, most: int, succeeded: int, strategy: str = "Bayesian") -> FoundTuning:
    tuning, trials = tuning_job(attempt, most, ObjectiveStatusCounters={"Succeeded": succeeded})
    description = dict(tuning.description) | {"HyperParameterTuningJobStatus": "Stopped"}
    description["HyperParameterTuningJobConfig"] = {**tuning.config, "Strategy": strategy}
    return replace(tuning, description=description), trials


def test_a_tuning_that_was_stopped_with_nothing_left_to_try_has_completed():
    # One trial of the first attempt ended with a value after the second had been launched.
    both = [stopped(1, 12, 8), stopped(2, 5, 4)]
    assert report(Found(LINEAGE, tunings=both)).outcome == "completed"
    assert report(Found(LINEAGE, tunings=[stopped(1, 12, 7), both[1]])).outcome == "stopped"
    known = stopped(1, 12, 7)  # maxTrials is 7 since
    found = Found(LINEAGE, tunings=[known], complete={known[0].name})
    assert report(found).outcome == "completed"
    grids = [stopped(1, 12, 8, "Grid"), stopped(2, 12, 4, "Grid")]
    assert report(Found(LINEAGE, tunings=grids)).outcome == "stopped"


def test_the_trials_of_all_attempts_at_a_tuning_count_once_and_cost_together():
    (one, first), (two, second) = tuning_job(1, 8), tuning_job(2, 4)
    made = report(Found(LINEAGE, tunings=[(one, first), (two, [*first, *second])]))
    assert made.trials is not None
    assert len(made.trials.all) == 12
    assert made.spent_on == "the trials of 2 tuning jobs"
    assert made.spending is not None
    assert made.spending.billed == pytest.approx(
        sum(float(each.cost_usd) for each in made.trials.all)
    )
    assert made.foresight["training"].startswith("8 trials of 15 min 00 s each, 4 at once")


def test_what_the_newest_job_is_decides_on_the_report():
    training = replace(tuned(), attempts=[completed()])
    assert report(training).trials is None
    before = attempt(1, -HOUR, [("Training", 60.0)])
    assert report(replace(tuned(), attempts=[(before, [])])).trials is not None


def test_a_lineage_without_a_job_has_no_report():
    assert report_of(Found(LINEAGE), NOW) is None
