from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training_policies.quotas.amounts import Unit, amount, digits


@pytest.mark.parametrize(
    ("number", "text"),
    [(1_000_000, "1000000"), (12345.67, "12345.67"), (0.1 + 0.2, "0.3"), (1e22, "1" + "0" * 22)],
)
def test_a_count_is_written_in_plain_digits(number: float, text: str):
    assert amount(number, Unit.COUNT) == digits(number) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_no_digit_of_a_number_to_the_sixth_place_is_lost(millionths: int):
    exact = Decimal(millionths).scaleb(-6)
    assert Decimal(digits(float(exact))) == exact
