from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.run_report.curves import Mark, curves_of, thinned
from tests.components.training_job.run_report.made_up import (
    completed,
    eventful,
    failed,
    interrupted,
    points,
)

VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(st.lists(VALUES, min_size=1, max_size=600), st.integers(8, 60))
def test_a_thinned_curve_is_short_and_keeps_its_ends_and_its_extremes(
    values: list[float], most: int
):
    curve = [(float(step), value) for step, value in enumerate(values)]

    found = thinned(curve, most)

    assert len(found) <= most
    assert found == sorted(set(found))
    assert set(found) <= set(curve)
    assert (found[0], found[-1]) == (curve[0], curve[-1])
    assert min(value for _, value in found) == min(values)
    assert max(value for _, value in found) == max(values)


@given(st.integers(0, 1_999))
def test_a_spike_of_one_point_in_two_thousand_is_seen(where: int):
    curve = [(float(step), 9.0 if step == where else 1.0) for step in range(2_000)]
    assert (float(where), 9.0) in thinned(curve, 100)


def test_a_short_curve_stays_as_it_is():
    curve = [(0.0, 1.0), (1.0, 2.0)]
    assert thinned(curve, 8) == curve


def test_a_curve_goes_on_over_all_attempts_with_a_mark_where_each_goes_on():
    loss = next(each for each in curves_of(eventful().attempts) if each.metric == "loss")
    assert loss.count == 4000
    assert loss.marks == [Mark(900, 1, is_interruption=True), Mark(1900, 3, is_interruption=False)]


def test_an_attempt_without_a_point_has_no_mark():
    found = [interrupted(), failed()]
    assert all(not each.is_interruption for each in curves_of([failed(), completed()])[0].marks)
    assert [each.attempt for each in curves_of(found)[0].marks] == [1]


def test_hundred_thousand_points_make_short_curves():
    metrics = [f"m{number}" for number in range(20)]
    many = [(interrupted()[0], points(900, 9000, 0, 5000, metrics))]
    curves = curves_of(many)
    assert sum(each.count for each in curves) == 100_000
    assert sum(len(each.points) for each in curves) <= 12_000
