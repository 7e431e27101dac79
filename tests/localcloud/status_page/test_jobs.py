"""What the page shows of a job: curves of its metrics, thinned where there are many values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.status_page.jobs import MOST_POINTS, curves, thinned

LOSS = {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]}


def test_a_curve_has_every_value_with_its_time():
    values = [("loss", 1.0, 0.5), ("of the script's own", 2.0, 0.0), ("loss", 3.0, 0.125)]

    assert curves(values, LOSS) == [{"name": "loss", "points": [(1.0, 0.5), (3.0, 0.125)]}]


def test_a_metric_without_a_value_has_no_curve():
    assert curves([], LOSS) == []
    assert curves([("loss", 1.0, 0.5)], {}) == []


@given(st.integers(0, 5000))
def test_few_points_stay_and_many_are_thinned_evenly(count: int):
    points = [(float(index), 0.0) for index in range(count)]

    found = thinned(points)

    assert len(found) == min(count, MOST_POINTS)
    assert found == sorted(set(found))
    assert found[:1] + found[-1:] == points[:1] + points[-1:]
