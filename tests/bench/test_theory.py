"""Young's and Daly's expectations, against a simulation and each other."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import theory

seconds = st.floats(0.01, 1000.0)


@given(seconds, seconds)
def test_a_share_is_a_share_and_a_checkpoint_never_pays_without_interruption(
    interval: float, between: float
):
    share = theory.goodput(interval, between)

    assert 0.0 <= share <= 1.0
    assert theory.efficiency(interval, between, 0.0) == pytest.approx(share)
    assert theory.efficiency(interval, between, 1.0) <= share


@given(st.floats(1.0, 1000.0), st.floats(0.001, 0.01))
def test_youngs_interval_is_the_best_where_a_checkpoint_costs_little(between: float, cost: float):
    best = theory.best_interval(between, cost * between)

    efficiency = theory.efficiency(best, between, cost * between)

    for factor in (0.5, 0.8, 1.25, 2.0):
        other = theory.efficiency(factor * best, between, cost * between)
        assert efficiency > other - 1e-3


def test_the_expectation_is_what_a_simulation_finds():
    chance = random.Random(1)  # noqa: S311

    def work_for_one_stretch(interval: float, between: float) -> float:
        done = 0.0
        while (until := chance.expovariate(1 / between)) < interval:
            done += until
        return done + interval

    found = 2.0 / fmean(work_for_one_stretch(2.0, 3.0) for _ in range(20_000))

    assert found == pytest.approx(theory.goodput(2.0, 3.0), rel=0.03)
