"""What the page shows of a job: curves of its metrics, thinned where there are many values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from localcloud.status_page.jobs import MOST_POINTS, curves, thinned

LOSS = {"MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]}


def line(time: float, message: str) -> dict[str, object]:
    return {"time": time, "host": "algo-1", "message": message}


def test_a_curve_has_every_value_with_its_time():
    lines = [line(1.0, "loss=0.5"), line(2.0, "nothing"), line(3.0, "loss=0.25 loss=0.125")]

    assert curves(lines, LOSS) == [{"name": "loss", "points": [(1.0, 0.5), (3.0, 0.125)]}]


def test_a_metric_without_a_value_has_no_curve():
    assert curves([line(1.0, "nothing")], LOSS) == []
    assert curves([line(1.0, "loss=0.5")], {}) == []


@given(st.integers(0, 5000))
def test_few_points_stay_and_many_are_thinned_evenly(count: int):
    points = [(float(index), 0.0) for index in range(count)]

    found = thinned(points)

    assert len(found) == min(count, MOST_POINTS)
    assert found == sorted(set(found))
    assert found[:1] + found[-1:] == points[:1] + points[-1:]
