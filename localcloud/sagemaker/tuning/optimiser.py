"""Which values the next trial gets: by grid, at random, or as Optuna's sampler suggests.

Pure functions: the same history, seed and number give the same choice, also after a restart of the
server. Optuna is imported only when a Bayesian tuning job asks for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.sagemaker.tuning.ranges import (
    Categorical,
    Continuous,
    Integer,
    Range,
    combinations,
)
from localcloud.sagemaker.tuning.tuning_records import Point

Choice = dict[str, str]


@dataclass(frozen=True)
class Search:
    """What a tuning job searches, and how."""

    strategy: str
    """Bayesian, Random, Hyperband or Grid."""
    ranges: tuple[Range, ...]
    seed: int
    minimises: bool


def choose(search: Search, inherited: Sequence[Point], own: Sequence[Point]) -> Choice:
    """The values of the trial after `own`; `inherited` are trials of earlier tuning jobs.

    No choice is made twice in a tuning job, as long as there are others.
    """
    number = len(own) + 1
    if search.strategy == "Grid":
        return _of_grid(search.ranges, number - 1)
    used = {_key(search.ranges, each.parameters) for each in own}
    for choice in _candidates(search, [*inherited, *own], number):
        if _key(search.ranges, choice) not in used:
            return choice
    raise AssertionError("unreachable")


def _candidates(search: Search, history: Sequence[Point], number: int) -> Iterator[Choice]:
    if search.strategy == "Bayesian":
        yield _suggested(search, history, number)
    chance = random.Random(f"{search.seed}:{number}")  # noqa: S311 - no secret
    left = combinations(search.ranges)
    tries = 0
    while True:
        yield {each.name: each.at(chance.random()) for each in search.ranges}
        tries += 1
        if left is not None and tries > 100 * left:
            raise ValueError("There is no other combination of hyperparameters left")


def _key(ranges: tuple[Range, ...], choice: Any) -> tuple[str, ...]:
    return tuple(choice[each.name] for each in ranges)


def _of_grid(ranges: tuple[Range, ...], index: int) -> Choice:
    """A combination of a grid, in which the last range changes fastest."""
    choice: Choice = {}
    for each in reversed(ranges):
        if not isinstance(each, Categorical):
            raise TypeError("A grid has only categories")
        index, place = divmod(index, each.size)
        choice[each.name] = each.values[place]
    return {each.name: choice[each.name] for each in ranges}


def _suggested(search: Search, history: Sequence[Point], number: int) -> Choice:
    """What Optuna's tree-structured Parzen estimator suggests after a history."""
    import optuna
    from optuna.trial import TrialState, create_trial

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # One sampler for each trial: its state would be lost with the server.
    seed = random.Random(f"{search.seed}:{number}:suggestion").getrandbits(32)  # noqa: S311
    sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    study = optuna.create_study(
        direction="minimize" if search.minimises else "maximize", sampler=sampler
    )
    spaces = {each.name: _space(each) for each in search.ranges}
    for point in history:
        if point.value is None and not point.pending:
            continue
        state = TrialState.RUNNING if point.value is None else TrialState.COMPLETE
        read = {each.name: _read(each, point.parameters[each.name]) for each in search.ranges}
        study.add_trial(
            create_trial(state=state, value=point.value, params=read, distributions=spaces)
        )
    found = study.ask(spaces).params
    return {each.name: _written(each, found[each.name]) for each in search.ranges}


def _space(each: Range) -> Any:
    """A range as Optuna has it. A reverse logarithmic one is that of the distance from 1."""
    from optuna import distributions

    match each:
        case Categorical():
            return distributions.CategoricalDistribution(each.values)
        case Integer():
            return distributions.IntDistribution(each.low, each.high, log=each.logarithmic)
        case Continuous(scaling="ReverseLogarithmic"):
            return distributions.FloatDistribution(1 - each.high, 1 - each.low, log=True)
        case _:
            logarithmic = each.scaling == "Logarithmic"
            return distributions.FloatDistribution(each.low, each.high, log=logarithmic)


def _read(each: Range, text: str) -> Any:
    match each:
        case Categorical():
            return text
        case Integer():
            return int(text)
        case Continuous(scaling="ReverseLogarithmic"):
            return min(max(1 - float(text), 1 - each.high), 1 - each.low)
        case _:
            return float(text)


def _written(each: Range, value: Any) -> str:
    match each:
        case Continuous(scaling="ReverseLogarithmic"):
            return each.text(1 - value)
        case Continuous():
            return each.text(value)
        case _:
            return str(value)
