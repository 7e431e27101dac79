"""Curves of a few points that look like those of many. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

Pair = tuple[float, float]

_OF_A_GROUP = 4
"""The points that stay of a group: its first, its last, its lowest and its highest."""


def thinned(curve: Sequence[Pair], most: int) -> list[Pair]:
    """About `most` points of a curve at most, with its ends, and with each peak and each valley.

    The curve is cut into groups of as many points. Of each group these stay: the first, the last,
    the lowest and the highest, in their order. So a spike of one point is still seen, and the
    lowest and the highest value of the curve are in it.
    """
    if len(curve) <= most:
        return list(curve)
    groups = max(1, most // _OF_A_GROUP)
    numbered = groupby(range(len(curve)), lambda index: index * groups // len(curve))
    return [curve[index] for _, each in numbered for index in _shown(curve, list(each))]


def _shown(curve: Sequence[Pair], indices: Sequence[int]) -> Iterator[int]:
    """The indices of a group's points that stay, each once."""
    lowest = min(indices, key=lambda index: curve[index][1])
    highest = max(indices, key=lambda index: curve[index][1])
    yield from sorted({indices[0], lowest, highest, indices[-1]})
