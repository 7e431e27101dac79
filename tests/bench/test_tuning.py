"""The optimiser by itself: near the optimum with each seed, and nearer than random search."""

from __future__ import annotations

from statistics import fmean

from rich.console import Console

from bench.tuning import OPTIMUM, SEEDS, TOLERANCE, Found, measure, table


def test_thirty_trials_come_within_five_percent_of_the_optimum_and_beat_random_search() -> None:
    found = {seed: measure(seed) for seed in SEEDS}

    bests = [each["Bayesian"].best for each in found.values()]
    assert max(bests) <= OPTIMUM * (1 + TOLERANCE)
    assert fmean(bests) < fmean(each["Random"].best for each in found.values())


def test_the_best_objective_of_each_strategy_is_shown_by_seed() -> None:
    console = Console(width=80)
    with console.capture() as written:
        console.print(table({7: {"Bayesian": Found(1.01, 0.5), "Random": Found(1.2, 0.1)}}))

    assert "1.010" in written.get()
    assert "1.200" in written.get()
    assert "at most 1.05" in written.get()
