"""The curves of a lineage's metrics, with few enough points for a page. Pure functions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from components.training_job.reader.metric_logs import FoundAttempt
from components.training_job.reader.points import Point, continued, milliseconds
from components.training_job.reader.run_attempts import Attempt

Pair = tuple[float, float]

MOST_CHARTS = 60
"""The curves that are drawn; of more, only the first ones by name."""
_POINTS_OF_ALL = 12_000
"""The points of all curves together: a point takes twelve characters of the page."""
_FEWEST_POINTS, _MOST_POINTS = 100, 800

_OF_A_GROUP = 4
"""The points that stay of a group: its first, its last, its lowest and its highest."""


@dataclass(frozen=True)
class Mark:
    """Where on a curve an attempt begins, or goes on after an interruption."""

    step: float
    attempt: int
    """The number of the attempt."""
    is_interruption: bool


@dataclass(frozen=True)
class Curve:
    """One metric over all attempts."""

    metric: str
    points: Sequence[tuple[float, float]]
    """Steps and values, thinned."""
    count: int
    """How many points there are."""
    marks: Sequence[Mark]
    last: float
    lowest: float
    highest: float


def curves_of(found: Sequence[FoundAttempt]) -> list[Curve]:
    """The curve of each metric, with marks, in the order of their names."""
    points = sorted((each for _, own in found for each in own), key=lambda each: each.time_ms)
    curves = {name: curve for name, curve in sorted(continued(points).items()) if curve}
    shown = max(1, min(len(curves), MOST_CHARTS))
    most = min(max(_POINTS_OF_ALL // shown, _FEWEST_POINTS), _MOST_POINTS)
    attempts = [attempt for attempt, _ in found]
    return [_curve(name, curve, attempts, most) for name, curve in curves.items()]


def _curve(metric: str, curve: Sequence[Point], attempts: Sequence[Attempt], most: int) -> Curve:
    pairs = [(float(each.step or 0), each.value) for each in curve]
    values = [value for _, value in pairs]
    return Curve(
        metric=metric,
        points=thinned(pairs, most),
        count=len(pairs),
        marks=_marks(curve, attempts),
        last=values[-1],
        lowest=min(values),
        highest=max(values),
    )


def _marks(curve: Sequence[Point], attempts: Sequence[Attempt]) -> list[Mark]:
    """Where attempts but the first begin, and where they go on after interruptions.

    An attempt or an interruption that has no point of its own, up to the next one, has no mark.
    """
    events = [
        (time, number_, is_interruption)
        for number_, attempt in enumerate(attempts, start=1)
        for time, is_interruption in [
            (attempt.created, False),
            *((each.started, True) for each in attempt.visits if each.status == "Interrupted"),
        ]
    ]
    events.sort(key=lambda each: each[0])
    times = [milliseconds(time) for time, _, _ in events]
    firsts = [bisect_left(curve, time, key=lambda each: each.time_ms) for time in times]
    untils = [*firsts[1:], len(curve)]
    return [
        Mark(float(curve[first].step or 0), number_, is_interruption)
        for first, until, (_, number_, is_interruption) in list(
            zip(firsts, untils, events, strict=True)
        )[1:]
        if first < until
    ]


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
