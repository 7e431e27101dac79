"""Ranges of hyperparameters: what can be chosen, and how it is written."""

from __future__ import annotations

import pytest

from localcloud.sagemaker.tuning.ranges import (
    Categorical,
    Continuous,
    Integer,
    Range,
    combinations,
    fits,
    ranges_of,
)


@pytest.mark.parametrize(
    ("given", "first", "middle", "last"),
    [
        (Continuous("x", 1.0, 3.0), "1.0", "2.0", "3.0"),
        (Continuous("x", 0.01, 1.0, "Logarithmic"), "0.01", "0.1", "1.0"),
        (Continuous("x", 0.0, 0.99, "ReverseLogarithmic"), "0.0", "0.9", "0.99"),
        (Integer("x", 1, 3), "1", "2", "3"),
        (Integer("x", 1, 100, logarithmic=True), "1", "7", "100"),
        (Categorical("x", ("a", "b", "c")), "a", "b", "c"),
    ],
)
def test_a_position_is_a_value_in_the_ranges_scaling(
    given: Range, first: str, middle: str, last: str
):
    found = given.at(0.0), given.at(0.5), given.at(1.0)

    assert [pytest.approx(float(each)) if each[0].isdigit() else each for each in found] == [
        float(each) if each[0].isdigit() else each for each in (first, middle, last)
    ]
    assert all(given.has(each) for each in found)


def test_auto_scales_logarithmically_from_a_hundred_times_on():
    wide = {"Name": "x", "MinValue": "0.001", "MaxValue": "0.1"}
    narrow, negative = wide | {"MaxValue": "0.09"}, wide | {"MinValue": "-1"}
    config = {"ParameterRanges": {"ContinuousParameterRanges": [wide, narrow, negative]}}

    scalings = [each.scaling for each in ranges_of(config) if isinstance(each, Continuous)]

    assert scalings == ["Logarithmic", "Linear", "Linear"]


def test_combinations_are_counted_unless_a_range_is_continuous():
    few = (Integer("n", 2, 8), Categorical("kind", ("a", "b")))

    assert combinations(few) == 14
    assert combinations((*few, Continuous("x", 0.0, 1.0))) is None


def test_a_choice_fits_if_each_value_is_in_its_range():
    ranges = (Integer("n", 2, 8), Continuous("x", 0.0, 1.0), Categorical("kind", ("a", "b")))

    assert fits(ranges, {"n": "8", "x": "0.5", "kind": "a"})
    for change in ({"n": "9"}, {"n": "2.5"}, {"x": "nan"}, {"kind": "c"}, {"kind": ""}):
        assert not fits(ranges, {"n": "8", "x": "0.5", "kind": "a"} | change)
