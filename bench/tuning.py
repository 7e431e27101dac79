"""How good the local cloud's optimiser is by itself, without jobs: beside random search.

    .venv/bin/python -m bench.tuning

Each row is a tuning job of 30 trials, one after another, on a known function of a learning rate, a
number of layers and an optimiser. It prints the best objective of each; the optimum is 1.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from rich.console import Console
from rich.table import Table

from localcloud.sagemaker.tuning.optimiser import Search, choose
from localcloud.sagemaker.tuning.ranges import Categorical, Continuous, Integer, Range
from localcloud.sagemaker.tuning.tuning_records import Point

SEEDS = range(1, 11)
TRIALS = 30
OPTIMUM = 1.0
TOLERANCE = 0.05
"""The goal for each seed: so close to the optimum."""
RANGES: tuple[Range, ...] = (
    Continuous("learning-rate", 1e-5, 1e-1, "Logarithmic"),
    Integer("layers", 1, 8),
    Categorical("optimizer", ("adamw", "sgd", "rmsprop")),
)
_OF_OPTIMIZERS = {"adamw": 0.0, "sgd": 0.1, "rmsprop": 0.2}


@dataclass(frozen=True)
class Found:
    """What a search found, and what it took."""

    best: float
    seconds: float
    """For all trials."""


def main() -> None:
    """Searches with every seed, and prints the results next to the goal."""
    Console().print(table({seed: measure(seed) for seed in SEEDS}))


def measure(seed: int) -> Mapping[str, Found]:
    """What each strategy finds with a seed."""
    return {strategy: search(strategy, seed) for strategy in ("Bayesian", "Random")}


def search(strategy: str, seed: int) -> Found:
    """Runs a search; each trial knows the objectives of all trials before it."""
    started = time.perf_counter()
    trials: list[Point] = []
    for _ in range(TRIALS):
        chosen = choose(Search(strategy, RANGES, seed, minimises=True), (), trials)
        trials.append(Point(chosen, objective(chosen)))
    best = min(each.value for each in trials if each.value is not None)
    return Found(best, time.perf_counter() - started)


def objective(values: Mapping[str, str]) -> float:
    """The known function; smaller is better."""
    rate = math.log10(float(values["learning-rate"])) + 3
    layers = int(values["layers"]) - 5
    return OPTIMUM + 0.2 * rate**2 + 0.03 * layers**2 + _OF_OPTIMIZERS[values["optimizer"]]


def table(found: Mapping[int, Mapping[str, Found]]) -> Table:
    """The best objective of each strategy, by seed."""
    goal = OPTIMUM * (1 + TOLERANCE)
    shown = Table("seed", title=f"Best of {TRIALS} trials; the goal is at most {goal:g}")
    strategies = list(next(iter(found.values())))
    for strategy in strategies:
        shown.add_column(strategy, justify="right")
    for seed, each in found.items():
        shown.add_row(str(seed), *(f"{each[name].best:.3f}" for name in strategies))
    means = (fmean(each[name].best for each in found.values()) for name in strategies)
    shown.add_row("mean", *(f"{mean:.3f}" for mean in means))
    seconds = (max(each[name].seconds for each in found.values()) for name in strategies)
    shown.add_row("slowest", *(f"{most:.2f} s" for most in seconds))
    return shown


if __name__ == "__main__":
    main()
