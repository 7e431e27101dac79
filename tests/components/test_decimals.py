from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from components.alerts.alert_settings import MOST_BUDGET_USD
from components.decimals import decimal_places, decimal_text

AMOUNT = ServiceModel(Loader().load_service_model("budgets", "service-2")).shape_for("NumericValue")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1_000_000, "1000000"),
        (1e6, "1000000"),
        (12345.67, "12345.67"),
        (2500.0, "2500"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (1e22, "10000000000000000000000"),
    ],
)
def test_a_number_is_written_in_plain_digits(number: float, text: str):
    assert decimal_text(number) == text


@given(st.integers(min_value=1, max_value=MOST_BUDGET_USD * 100 - 1))
def test_every_amount_of_cents_is_written_exactly_and_as_the_budgets_api_takes_it(cents: int):
    exact = Decimal(cents).scaleb(-2)
    text = decimal_text(float(exact))
    assert Decimal(text) == exact
    assert re.fullmatch(AMOUNT.metadata["pattern"], text)
    assert decimal_places(float(exact)) <= 2


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_read_back_as_itself(number: float):
    text = decimal_text(number)
    assert float(text) == number
    assert re.fullmatch(AMOUNT.metadata["pattern"], text)


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_what_is_no_finite_number_has_no_digits(number: float):
    with pytest.raises(ValueError, match="can't be written in digits"):
        decimal_text(number)
