from __future__ import annotations

import pytest

from components.training_job.run_report.quantities import (
    dollars,
    number,
    share,
    short_value,
    time_taken,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.12345, "0.1235"), (0.000012, "1.2e-05"), (12340, "12,340"),
        (1234567, "1.235e+06"), (-2.5, "-2.5"), (100, "100"), (0.9996, "0.9996"),
    ],
)  # fmt: skip
def test_a_number_has_four_digits_that_count(value: float, text: str):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.4, "0.4 s"), (59.6, "1 min 00 s"), (83, "1 min 23 s"),
        (7500, "2 h 05 min"), (90_000, "1 d 01 h"),
    ],
)  # fmt: skip
def test_a_time_has_its_two_largest_units(seconds: float, text: str):
    assert time_taken(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00 USD"), (0.0022, "0.0022 USD"), (12.345, "12.35 USD"), (1234.5, "1,234 USD")],
)
def test_a_small_amount_has_more_digits(amount: float, text: str):
    assert dollars(amount) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0.0008264087364943647", "0.0008264"), ("adamw", "adamw"), ("128", "128"), ("inf", "inf"),
     ("100000000000", "1e+11")],
)  # fmt: skip
def test_a_value_that_was_chosen_is_shown_without_its_last_digits(text: str, shown: str):
    assert short_value(text) == shown


def test_a_share_is_certain_only_if_each_simulated_run_agrees():
    assert [share(each) for each in (0, 0.00004, 0.934, 0.99999, 1)] == [
        "less than 0.1 %", "0.1 %", "93 %", "99.9 %", "more than 99.9 %",
    ]  # fmt: skip
