from __future__ import annotations

import random
from dataclasses import replace

import pytest

from run_forecast.model import Capacity, Work, forecast
from run_forecast.trial_model import Trials, tuning_forecast
from tests.policies.run_forecast.test_model import HOUR, simulated

SPOT = Capacity(interruptions_per_hour=0.4, restart=360, wait=900, usd_per_hour=2)
WORK = Work(seconds=2 * HOUR, save=30, interval=1200)


@pytest.mark.parametrize("trials", [Trials(12, 4), Trials(5, 8), Trials(30, 1)])
@pytest.mark.parametrize("work", [WORK, Work(2 * HOUR, 0, 0)])
def test_time_and_cost_are_those_of_tunings_that_are_played_through(trials: Trials, work: Work):
    expected = tuning_forecast(work, SPOT, trials)
    finish, billed = _played(work, trials, runs=2500)
    for found, seen in ((expected.finish, finish), (expected.billed, billed)):
        assert found.mean == pytest.approx(sum(seen) / len(seen), rel=0.02)
        assert found.at(50) == pytest.approx(seen[1249], rel=0.02)
        assert found.at(90) == pytest.approx(seen[2249], rel=0.02)


def test_one_trial_is_as_any_other_run_of_the_job():
    one, run = tuning_forecast(WORK, SPOT, Trials(1, 3)), forecast(WORK, SPOT)
    assert one.finish.at(90) == pytest.approx(run.finish.at(90), rel=0.02)
    assert one.billed.mean == run.billed.mean
    assert one.interruptions == run.interruptions


def test_trials_on_demand_follow_each_other_in_as_many_rows_as_run_at_once():
    sure = replace(SPOT, interruptions_per_hour=0, wait=0)
    expected = tuning_forecast(Work(HOUR, 0, 0), sure, Trials(10, 4))
    assert expected.finish.at(1) == expected.finish.at(99) == pytest.approx(3 * (HOUR + 360))
    assert expected.billed.mean == pytest.approx(10 * (HOUR + 360))
    assert expected.cost is not None
    assert expected.cost.at(50) == pytest.approx(2 * 10 * (HOUR + 360) / HOUR)


def test_the_chance_is_that_of_all_trials_and_the_share_that_of_each():
    sure = replace(SPOT, interruptions_per_hour=0, wait=0)
    # Three rows of trials, of which the last ends after the time for all of them.
    late = tuning_forecast(Work(HOUR, 0, 0), sure, Trials(12, 4, max_runtime=3 * HOUR))
    assert late.chance == 0
    assert late.share_of_trials == pytest.approx(8 / 12)
    own = tuning_forecast(WORK, SPOT, Trials(12, 4), max_wait=3 * HOUR)
    assert 0 < own.chance < own.share_of_trials < 1
    assert own.chance == pytest.approx(own.share_of_trials**12, rel=0.2)


def test_where_only_the_time_limits_the_trials_all_of_it_is_used():
    expected = tuning_forecast(WORK, SPOT, Trials(None, 4, max_runtime=40 * HOUR))
    finish, billed = simulated(WORK, SPOT, 4000)
    number = 160 * HOUR / (sum(finish) / len(finish))
    assert expected.finish.at(99) == 40 * HOUR
    assert expected.times == pytest.approx(number, rel=0.02)
    assert expected.billed.mean == pytest.approx(number * sum(billed) / len(billed), rel=0.02)


def test_a_forecast_is_the_same_twice():
    twice = (tuning_forecast(WORK, SPOT, Trials(12, 2)) for _ in range(2))
    assert len({tuple(each.finish.runs) for each in twice}) == 1


def test_a_forecast_of_ten_thousand_trials_draws_at_most_half_a_million():
    many = tuning_forecast(WORK, SPOT, Trials(10_000, 100))
    assert 10_000 * len(many.finish.runs) <= 500_000


def _played(work: Work, trials: Trials, runs: int) -> tuple[list[float], list[float]]:
    """Times of the ends and billed times of tunings whose trials are played through."""
    source = random.Random(11)  # noqa: S311 - a simulation, and no secret
    assert trials.number is not None
    one_finish, one_billed = simulated(work, SPOT, runs * trials.number)
    source.shuffle(one_finish)
    source.shuffle(one_billed)
    finish, billed = list[float](), list[float]()
    for run in range(runs):
        of_run = slice(run * trials.number, (run + 1) * trials.number)
        free = [0.0] * trials.parallel
        for seconds in one_finish[of_run]:
            first = free.index(min(free))
            free[first] += seconds
        finish.append(max(free))
        billed.append(sum(one_billed[of_run]))
    return sorted(finish), sorted(billed)
