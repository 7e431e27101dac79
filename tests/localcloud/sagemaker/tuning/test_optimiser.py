"""The optimiser by itself, without jobs."""

from __future__ import annotations

import itertools

import pytest

from localcloud.sagemaker.tuning.optimiser import Search, choose
from localcloud.sagemaker.tuning.ranges import Categorical, Continuous, Integer, Range
from localcloud.sagemaker.tuning.tuning_records import Point

RANGES: tuple[Range, ...] = (
    Continuous("rate", 1e-5, 1e-1, "Logarithmic"),
    Continuous("momentum", 0.5, 0.999, "ReverseLogarithmic"),
    Integer("layers", 1, 8),
    Categorical("kind", ("a", "b", "c")),
)


def sequence(search: Search, count: int) -> list[Point]:
    """The first trials, whose objective is the number of layers."""
    found: list[Point] = []
    for _ in range(count):
        chosen = choose(search, (), found)
        found.append(Point(chosen, float(chosen.get("layers", 0))))
    return found


@pytest.mark.parametrize("strategy", ["Random", "Hyperband", "Bayesian"])
def test_a_seed_gives_the_same_sequence_twice_and_each_value_is_in_its_range(strategy: str):
    search = Search(strategy, RANGES, 7, minimises=True)

    found = sequence(search, 14)

    assert sequence(search, 14) == found
    assert sequence(Search(strategy, RANGES, 8, minimises=True), 14) != found
    assert all(each.has(point.parameters[each.name]) for point in found for each in RANGES)


def test_a_grid_has_each_combination_once_in_the_order_of_its_categories():
    grid = (Categorical("x", ("1", "2")), Categorical("y", ("a", "b", "c")))

    found = [each.parameters for each in sequence(Search("Grid", grid, 7, minimises=True), 6)]

    expected = [{"x": x, "y": y} for x, y in itertools.product("12", "abc")]
    assert found == expected


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_choice_is_made_once_until_there_is_no_other(strategy: str):
    few: tuple[Range, ...] = (Integer("layers", 1, 4), Categorical("kind", ("a", "b")))
    search = Search(strategy, few, 7, minimises=True)

    found = sequence(search, 8)

    assert len({tuple(each.parameters.items()) for each in found}) == 8
    with pytest.raises(ValueError, match="no other combination"):
        choose(search, (), found)


def test_trials_of_earlier_jobs_count_and_running_ones_are_avoided():
    search = Search("Bayesian", (Continuous("x", 0.0, 1.0),), 7, minimises=False)
    earlier = [Point({"x": str(step / 40)}, -abs(step / 40 - 0.7)) for step in range(41)]

    warm = float(choose(search, earlier, ())["x"])

    assert abs(warm - 0.7) < 0.1
    running = [Point({"x": str(warm)}, None, pending=True)]
    assert choose(search, earlier, running)["x"] != str(warm)
