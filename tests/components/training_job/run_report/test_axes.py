from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.run_report.axes import Scale, round_between, scale_of, spread_scale

VALUES = st.floats(-1e300, 1e300, allow_nan=False)


@given(st.lists(VALUES, min_size=1))
def test_every_value_has_a_place_and_the_round_values_enclose_them(values: list[float]):
    scale, ticks = scale_of(values)

    assert all(0 <= scale.place(value) <= 1 for value in values)
    assert 1 <= len(ticks) <= 7
    assert ticks == sorted(ticks)


def test_round_values():
    assert scale_of([0.13, 0.87])[1] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert scale_of([3, 3])[1] == [3]
    assert round_between(44, 6600) == [2000, 4000, 6000]
    assert round_between(5, 5) == [5]


def test_values_over_decades_are_on_a_logarithmic_scale():
    assert spread_scale([1e-5, 1e-3, 1e-4]).place(1e-4) == 0.5
    assert spread_scale([1, 2, 3]).place(2) == 0.5
    assert not spread_scale([0, 1000]).is_logarithmic
    assert Scale(2, 2).place(2) == 0.5
