from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_forecast.model import (
    Capacity,
    Work,
    best_interval,
    dearer_than,
    forecast,
    mean_billed,
    mean_finish,
)

HOUR = 3600.0
LONG = Work(seconds=10 * HOUR, save=36, interval=1800)
SPOT = Capacity(interruptions_per_hour=0.15, restart=360, wait=900, usd_per_hour=10)
CASES = [
    (LONG, SPOT),
    (Work(10 * HOUR, 0, 0), SPOT),
    (Work(10 * HOUR, 30, 300), replace(SPOT, interruptions_per_hour=2)),
    (Work(2 * HOUR, 10, 600), Capacity(0.5, 60, 60, 1)),
    (Work(10 * HOUR, 5, 60), Capacity(12, 60, 60, 1)),
]


@pytest.mark.parametrize(("work", "capacity"), CASES)
def test_mean_and_percentiles_are_those_of_ten_thousand_runs_stretch_by_stretch(
    work: Work, capacity: Capacity
):
    expected = forecast(work, capacity)
    finish, billed = simulated(work, capacity, 10_000)
    for found, runs in ((expected.finish, finish), (expected.billed, billed)):
        assert found.mean == pytest.approx(sum(runs) / len(runs), rel=0.02)
        assert found.at(50) == pytest.approx(runs[4999], rel=0.02)
        assert found.at(90) == pytest.approx(runs[8999], rel=0.02)


def test_the_same_job_has_the_same_forecast_twice():
    one, other = forecast(LONG, SPOT), forecast(LONG, SPOT)
    assert one.finish.runs == other.finish.runs
    assert one.chance == other.chance


def test_on_demand_a_job_is_never_interrupted_and_only_waits():
    expected = forecast(LONG, replace(SPOT, interruptions_per_hour=0))
    useful = 10 * HOUR + 19 * 36  # twenty stretches, of which the last needs no save
    assert expected.interruptions == 0
    assert expected.billed.at(1) == expected.billed.at(99) == pytest.approx(useful + 360)
    assert expected.finish.mean == pytest.approx(useful + 360 + 900)


def test_without_checkpoints_a_job_of_two_days_takes_months():
    expected = forecast(Work(48.5 * HOUR, 0, 0), SPOT)
    assert expected.finish.mean > 90 * 24 * HOUR
    assert forecast(Work(48.5 * HOUR, 36, 1800), SPOT).finish.mean < 3 * 24 * HOUR


def test_the_chance_is_the_share_of_runs_within_both_limits():
    expected = forecast(LONG, SPOT)
    half = forecast(LONG, SPOT, max_wait=expected.finish.at(50))
    assert half.chance == pytest.approx(0.5, abs=0.001)
    assert forecast(LONG, SPOT, max_runtime=10 * HOUR).chance == 0
    assert forecast(LONG, SPOT, max_wait=1000 * HOUR, max_runtime=1000 * HOUR).chance == 1


def test_the_cost_is_the_billed_time_at_the_price_and_unknown_without_one():
    expected = forecast(LONG, SPOT)
    assert expected.cost is not None
    assert expected.cost.mean == pytest.approx(expected.billed.mean / HOUR * 10)
    assert expected.cost.at(90) == pytest.approx(expected.billed.at(90) / HOUR * 10)
    assert forecast(LONG, replace(SPOT, usd_per_hour=None)).cost is None


@given(
    save=st.floats(1, 120),
    between=st.floats(600, 200_000),
    factor=st.sampled_from([0.25, 0.5, 2, 4]),
)
def test_no_other_interval_of_checkpoints_is_better_than_the_best(
    save: float, between: float, factor: float
):
    capacity = Capacity(HOUR / between, 60, 60, 1)
    best = best_interval(save, between)
    # Daly's formula is for saves that are short beside the time between interruptions.
    if save < between / 8:
        work = Work(best * 4000, save, best)
        other = replace(work, interval=best * factor)
        assert mean_finish(work, capacity) <= mean_finish(other, capacity) * 1.002


def test_the_best_interval_is_infinite_without_interruptions():
    assert best_interval(30, math.inf) == math.inf


@given(rate=st.floats(0.01, 3))
def test_spot_costs_as_much_as_on_demand_at_the_rate_that_is_said(rate: float):
    usd = mean_billed(LONG, replace(SPOT, interruptions_per_hour=rate)) / HOUR * 10
    assert dearer_than(LONG, SPOT, usd) == pytest.approx(rate, rel=1e-6)


def test_spot_that_is_dearer_without_any_interruption_always_is():
    assert dearer_than(LONG, SPOT, 1.0) == 0
    assert dearer_than(LONG, replace(SPOT, usd_per_hour=None), 1.0) is None


@given(
    seconds=st.floats(1, 1e7),
    save=st.floats(0, 600),
    interval=st.floats(0, 1e6),
    rate=st.floats(0, 100),
)
def test_any_job_has_a_forecast_with_ordered_percentiles(
    seconds: float, save: float, interval: float, rate: float
):
    work, capacity = Work(seconds, save, interval), Capacity(rate, 60, 60, 1)
    expected = forecast(work, capacity, runs=50)
    percentiles = [expected.finish.at(percent) for percent in (0, 5, 50, 90, 99, 100)]
    assert percentiles == sorted(percentiles)
    assert expected.finish.at(0) >= seconds
    assert all(math.isfinite(each) for each in percentiles)
    assert expected.billed.at(100) <= expected.finish.at(100)


def simulated(work: Work, capacity: Capacity, runs: int) -> tuple[list[float], list[float]]:
    """The finish and the billed time of runs that are played through, one stretch after another."""
    source = random.Random(7)  # noqa: S311 - a simulation, and no secret
    finish, billed = list[float](), list[float]()
    for _ in range(runs):
        elapsed = source.expovariate(1 / capacity.wait) + capacity.restart
        paid, done = capacity.restart, 0
        while done < work.stretches:
            until = source.expovariate(1 / capacity.between)
            left = (work.stretches - done) * work.stretch
            ran = min(until, left)
            elapsed, paid = elapsed + ran, paid + ran
            done += work.stretches if until >= left else int(until // work.stretch)
            if until < left:
                elapsed += source.expovariate(1 / capacity.wait) + capacity.restart
                paid += capacity.restart
        finish.append(elapsed)
        billed.append(paid)
    return sorted(finish), sorted(billed)
