from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from components.training_job.reader.points import LogEvent, Point, continued, counted, found_in

LOSS = {"loss": "loss=([0-9.]+)", "step": r"step (\d+)"}


def events(*messages: str, host: str = "algo-1") -> list[LogEvent]:
    return [LogEvent(host, 1000 * number, message) for number, message in enumerate(messages)]


def points_in(lines: list[LogEvent], expressions: dict[str, str]) -> list[Point]:
    return counted(found_in(lines, expressions))


def test_an_expression_finds_a_value_and_the_step_of_its_line():
    found = points_in(events("begins", "step 3 loss=0.5", "step 4: loss=0.25, loss=0.2"), LOSS)
    assert found == [Point("loss", 3, 0.5, 1000), Point("loss", 4, 0.2, 2000)]


def test_a_line_of_json_is_a_point_without_any_expression():
    line = json.dumps({"metric": "lr", "step": 7, "value": 1e-5, "note": "x"})
    assert points_in(events(line), {}) == [Point("lr", 7, 1e-5, 0)]


def test_what_is_no_finite_number_and_what_only_looks_like_a_point_is_none():
    lines = (
        "{not json", "[]", '{"metric": "a"}', '{"metric": "a", "value": "1"}',
        '{"metric": "a", "value": NaN}', '{"metric": "", "value": 1}',
        '{"metric": "a", "value": true}', '{"metric": 1, "value": 1}', "loss=.", "{" * 100_000,
    )  # fmt: skip
    assert points_in(events(*lines), LOSS) == []


def test_an_expression_that_searches_for_hours_is_given_up_for_that_line():
    found = points_in(events("a" * 5000 + "!", "aaab 1"), {"slow": r"(?:a+)+b (\d)"})
    assert found == [Point("slow", None, 1.0, 1000)]


def test_the_ranks_of_a_job_count_once():
    both = [*events("loss=2", host="algo-2"), *events("loss=1", "other=3", host="algo-1")]
    found = points_in(both, {"loss": "loss=(.)", "other": "other=(.)"})
    assert [(each.metric, each.value) for each in found] == [("loss", 1.0), ("other", 3.0)]
    only = points_in(events("loss=2", host="algo-2"), {"loss": "loss=(.)"})
    assert [each.value for each in only] == [2.0]


def test_a_curve_is_cut_back_to_the_step_that_was_resumed():
    times = [(1, 5.0), (2, 4.0), (3, 3.0), (4, 2.0), (3, 3.5), (4, 2.5), (5, 1.0)]
    points = [Point("loss", step, value, t) for t, (step, value) in enumerate(times)]
    assert [(each.step, each.value) for each in continued(points)["loss"]] == [
        (1, 5.0), (2, 4.0), (3, 3.5), (4, 2.5), (5, 1.0),
    ]  # fmt: skip


def test_points_without_a_step_are_numbered():
    points = [Point("loss", None, value, t) for t, value in enumerate((3.0, 2.0, 1.0))]
    assert [each.step for each in continued(points)["loss"]] == [0, 1, 2]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=40))
def test_each_step_is_once_in_a_curve_in_order_and_as_it_was_done_last(
    done: list[tuple[str, int]],
):
    points = [Point(name, step, float(t), t) for t, (name, step) in enumerate(done)]
    for metric, curve in continued(points).items():
        own = [point for point in points if point.metric == metric]
        steps = [point.step for point in curve if point.step is not None]
        assert steps == sorted(set(steps))
        assert curve[-1] == own[-1]
        assert all(point == [p for p in own if p.step == point.step][-1] for point in curve)
