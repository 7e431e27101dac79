"""The finish time and the cost of a tuning job, whose trials are runs of one job. Pure functions.

Trials start in a row, each as soon as one of those that run at once has ended. All have the same
work to do: what stops a trial early, and what ends the tuning before all trials were made, makes it
shorter than its forecast. The percentiles come from simulated tunings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heapreplace
from typing import NamedTuple

# Relative, as the pack and the program have the same file in different packages.
from .model import (
    RUNS,
    Capacity,
    Forecast,
    Spread,
    Work,
    mean_billed,
    mean_finish,
    seeded,
    simulated_runs,
)

_DRAWN_TRIALS = 200_000
"""The trials of all simulated tunings together. More trials need fewer tunings: their sum varies
less."""
_FEWEST_RUNS = 50


@dataclass(frozen=True)
class Trials:
    """How the trials of a tuning job are made."""

    number: int | None
    """How many there are; None for as many as the time for all of them allows."""
    parallel: int
    """How many of them run at once."""
    max_runtime: float = math.inf
    """Seconds for all of them together; infinite for no limit."""


def tuning_forecast(
    work: Work,
    capacity: Capacity,
    trials: Trials,
    max_wait: float = math.inf,
    max_runtime: float = math.inf,
) -> Forecast:
    """What is to be expected of a tuning job whose trials do this work each.

    A trial ends within its limits if it keeps its own, `max_wait` and `max_runtime`, and the time
    for all of them is not over; the tuning job does if all its trials do. The same for the same
    arguments.
    """
    if trials.number is None:
        return _until_time_is_over(work, capacity, trials, max_wait, max_runtime)
    source = seeded()
    drawn = [
        _Trial(each.finish, each.billed, each.is_within(max_wait, max_runtime))
        for each in simulated_runs(work, capacity, source)
    ]
    runs = min(max(_DRAWN_TRIALS // trials.number, _FEWEST_RUNS), RUNS)
    finish, billed, within = list[float](), list[float](), list[int]()
    for _ in range(runs):
        made = source.choices(drawn, k=trials.number)
        ends = _ends(made, trials.parallel)
        in_time = (each for each, end in zip(made, ends, strict=True) if end <= trials.max_runtime)
        finish.append(max(ends))
        billed.append(sum(each.billed for each in made))
        within.append(sum(each.is_within for each in in_time))
    return Forecast(
        work,
        capacity,
        finish=Spread(sum(finish) / runs, sorted(finish)),
        billed=Spread(trials.number * mean_billed(work, capacity), sorted(billed)),
        chance=sum(each == trials.number for each in within) / runs,
        times=trials.number,
        share_of_trials=sum(within) / (runs * trials.number),
    )


class _Trial(NamedTuple):
    """One simulated trial: seconds to its end, seconds billed, and whether it keeps its limits."""

    finish: float
    billed: float
    is_within: bool


def _ends(made: list[_Trial], parallel: int) -> list[float]:
    """Seconds from the launch to the end of each trial, where so many run at once."""
    running, ends = [0.0] * parallel, list[float]()
    for each in made:
        end = running[0] + each.finish
        heapreplace(running, end)
        ends.append(end)
    return ends


def _until_time_is_over(
    work: Work, capacity: Capacity, trials: Trials, max_wait: float, max_runtime: float
) -> Forecast:
    """What is to be expected where only the time limits the trials: it is all used."""
    drawn = simulated_runs(work, capacity, seeded())
    number = trials.parallel * trials.max_runtime / mean_finish(work, capacity)
    billed = number * mean_billed(work, capacity)
    return Forecast(
        work,
        capacity,
        finish=Spread(trials.max_runtime, [trials.max_runtime]),
        billed=Spread(billed, [billed]),
        chance=1,
        times=number,
        share_of_trials=sum(each.is_within(max_wait, max_runtime) for each in drawn) / len(drawn),
    )
