from __future__ import annotations

import pytest

from components.training_job.run_report.spending import spending_of
from tests.components.training_job.run_report.made_up import HOUR, attempt

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


def test_the_forecast_is_of_as_much_training_with_some_interruptions():
    [bar] = [
        each
        for each in spending_of([attempt(1, 0, [("Training", 20 * HOUR)])]).bars
        if each.name == "forecast"
    ]
    assert 0.3 * 20 * PRICE < float(bar.low) < float(bar.high) < 20 * PRICE


def test_the_ceilings_of_several_attempts_add_up():
    one = spending_of([attempt(1, 0, [("Training", HOUR)])]).bars[-1].low
    two = spending_of([attempt(n, n * HOUR, [("Training", 60.0)]) for n in (1, 2)]).bars[-1].low
    assert two == pytest.approx(2 * float(one))


def test_an_unknown_price_is_unknown_and_never_zero():
    resources = {"InstanceType": "ml.unknown.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    spending = spending_of([attempt(1, 0, [("Training", HOUR)], ResourceConfig=resources)])
    assert spending.saved_percent is None
    assert {bar.low for bar in spending.bars} == {"unknown"}


def test_without_training_there_is_no_forecast():
    spending = spending_of([attempt(1, 0, [("Starting", 5.0)])])
    assert spending.forecast is None
    assert spending.saved_percent is None
