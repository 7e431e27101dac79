from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from components.training_job.forecast.rates import ASSUMED
from components.training_job.forecast.trial_model import Trials
from components.training_job.reader.run_attempts import Attempt
from components.training_job.run_report.spending import (
    Foreseen,
    foreseen_of,
    foresight,
    spending_of,
    spending_of_trials,
)
from tests.components.training_job.run_report.made_up import HOUR, attempt, earlier, tuning_job

PRICE = 1.515 * 2
"""USD an hour of two ml.g5.2xlarge, as the price file has it."""


def test_what_was_billed_is_beside_what_was_to_be_expected():
    spending = spending_of([attempt(1, 0, [("Training", HOUR)])])
    amounts = {bar.name: (bar.low, bar.high) for bar in spending.bars}

    assert spending.billed == pytest.approx(0.31 * PRICE)
    assert amounts["billed"] == (spending.billed, spending.billed)
    assert amounts["on demand"][0] == pytest.approx(PRICE)
    assert spending.saved_percent == pytest.approx(69)
    assert amounts["expected"][0] == pytest.approx(0.3 * float(amounts["ceiling"][0]))


def foreseen(job: Attempt, records: Sequence[Mapping[str, Any]] = ()) -> Foreseen | None:
    return foreseen_of(job.description, job.tags, job.record, records)


def test_the_forecast_is_that_of_the_setting_with_what_is_assumed_where_nothing_ran_before():
    job = attempt(1, 0, [("Training", HOUR)], expected=20 * HOUR)
    found = foreseen(job)

    assert found is not None
    assert (found.rates, found.is_measured) == (ASSUMED, False)
    assert found.plan.seconds == 20 * HOUR  # and not the hour that it took
    [bar] = [each for each in spending_of([job], found).bars if each.name == "forecast"]
    assert 0.3 * 20 * PRICE < float(bar.low) < float(bar.high) < 20 * PRICE
    lines = foresight(found, HOUR, is_tuned=False)
    assert lines["made from"] == (
        "assumed rates, as no earlier run on spot had ended: 0.05 interruptions per instance-hour"
    )
    assert lines["training"] == "20 h 00 min, as expectedRuntime says"
    assert lines["end"].endswith(" in 9 of 10; this one took 1 h 00 min")


def test_the_forecast_is_made_from_the_runs_that_had_ended_before_the_launch():
    job = attempt(1, 0, [("Training", HOUR)])
    found = foreseen(job, [earlier(5, 1, "other"), earlier(6, 2), earlier(7, 3)])

    assert found is not None
    assert found.plan.seconds == pytest.approx(7 * HOUR)
    assert found.is_measured
    assert found.rates.interruptions == 3
    lines = foresight(found, HOUR, is_tuned=False)
    assert lines["made from"] == (
        "3 earlier runs on spot, with 3 interruptions in 36 instance-hours, and what is assumed "
        "before any: 0.08 interruptions per instance-hour"
    )
    assert lines["training"] == "7 h 00 min, as the last completed run trained"


def test_without_a_setting_or_a_run_before_there_was_no_forecast_and_the_page_says_why():
    job = attempt(1, 0, [("Training", HOUR)])
    assert foreseen(job, [earlier(5, 1, "other")]) is None
    assert all(each.name != "forecast" for each in spending_of([job]).bars)
    assert foresight(None, HOUR, is_tuned=False)["made from"].startswith(
        "nothing: how long the job would train was not known. Set `expectedRuntime`, as in 8h"
    )


def test_what_trials_cost_is_beside_the_forecast_of_all_of_them():
    tuning, trials = tuning_job(1, 40)
    found = foreseen_of(tuning.request, tuning.tags, tuning.record, [], Trials(40, 4))

    assert found is not None
    spending = spending_of_trials(trials, tuning.request, tuning.config, found)
    amounts = {bar.name: (bar.low, bar.high) for bar in spending.bars}
    assert amounts["billed"][0] == pytest.approx(sum(float(each.cost_usd) for each in trials))
    assert float(amounts["forecast"][0]) > 40 * 0.25 * 1.515 * 0.3  # a quarter of an hour each
    assert amounts["ceiling"][0] == pytest.approx(40 * (3600 + 600) / HOUR * 1.515)
    lines = foresight(found, HOUR, is_tuned=True)
    assert lines["training"] == "40 trials of 15 min 00 s each, 4 at once, as expectedRuntime says"
    assert lines["limits of time"].endswith(" of trials end within them")


def test_the_ceilings_of_several_attempts_add_up():
    one = spending_of([attempt(1, 0, [("Training", HOUR)])]).bars[-1].low
    two = spending_of([attempt(n, n * HOUR, [("Training", 60.0)]) for n in (1, 2)]).bars[-1].low
    assert two == pytest.approx(2 * float(one))


def test_an_unknown_price_is_unknown_and_never_zero():
    resources = {"InstanceType": "ml.unknown.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    spending = spending_of([attempt(1, 0, [("Training", HOUR)], ResourceConfig=resources)])
    assert spending.saved_percent is None
    assert {bar.low for bar in spending.bars} == {"unknown"}


def test_what_did_not_train_saved_nothing():
    assert spending_of([attempt(1, 0, [("Starting", 5.0)])]).saved_percent is None
