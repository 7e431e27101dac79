"""When schedules are due: pure functions."""

from __future__ import annotations

import pytest

from localcloud.events.schedules import Scheduled, Timetable, period


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("rate(1 minute)", 60),
        ("rate(15 minutes)", 900),
        ("rate(2 hours)", 7200),
        ("rate(1 day)", 86_400),
        ("cron(0 12 * * ? *)", float("inf")),
    ],
)
def test_a_rate_is_a_period(expression: str, seconds: float):
    assert period(expression) == seconds


def scheduled(expression: str, *, begins_at_once: bool = False) -> Scheduled:
    return Scheduled("arn", expression, begins_at_once, lambda: None)


def runs(timetable: Timetable, each: Scheduled, *times: float) -> list[float]:
    return [time for time in times if timetable.take_due([each], time)]


def test_a_rule_runs_a_period_after_its_creation_and_then_each_period():
    each = scheduled("rate(1 minute)")

    assert runs(Timetable(1), each, 10, 69, 70, 71, 129, 130) == [70, 130]


def test_a_schedule_runs_at_once_and_a_faster_clock_shortens_the_period():
    each = scheduled("rate(1 minute)", begins_at_once=True)

    assert runs(Timetable(60), each, 10, 10.5, 11) == [10, 11]


def test_missed_runs_are_not_made_up_for():
    assert runs(Timetable(1), scheduled("rate(1 minute)"), 0, 500, 501, 502) == [500, 501]


def test_another_rate_starts_a_new_period():
    timetable = Timetable(1)
    runs(timetable, scheduled("rate(1 minute)"), 0)

    assert runs(timetable, scheduled("rate(2 minutes)"), 60, 179, 180) == [180]


def test_what_is_no_rate_never_runs(caplog: pytest.LogCaptureFixture):
    each = scheduled("cron(0 12 * * ? *)", begins_at_once=True)

    assert runs(Timetable(60), each, 0, 1e9) == []
    assert "is not a rate" in caplog.text
