"""The points of metrics in a job's log lines. Pure functions.

A point is what one of the job's `metrics` expressions finds in a line, or a line of JSON that a
script prints: {"metric": "loss", "step": 120, "value": 0.31}. Its time is that of the log event.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import regex

_SECONDS_PER_LINE = 1.0
"""How long an expression may search in a line: some of them take hours for a long line."""

_STEP = "step"
"""The metric, or the part of a line of JSON, that says which step a line is about."""


class LogEvent(NamedTuple):
    """One line of a job's log."""

    host: str
    time_ms: int
    """Milliseconds since 1970."""
    message: str


@dataclass(frozen=True)
class Point:
    """One value of a metric."""

    metric: str
    step: int | None
    """The step of training; None where the line says none."""
    value: float
    time_ms: int
    """Milliseconds since 1970."""


class Found(NamedTuple):
    """A point, and the host that reported it."""

    host: str
    point: Point


def found_in(events: Iterable[LogEvent], expressions: Mapping[str, str]) -> list[Found]:
    """The points in these lines, in the lines' order.

    Raises:
        regex.error: an expression is not a regular expression.
    """
    compiled = {name: regex.compile(each) for name, each in expressions.items()}
    return [Found(event.host, each) for event in events for each in _points_of(event, compiled)]


def counted(found: Iterable[Found]) -> list[Point]:
    """The points that count, in the order of their times.

    Where several hosts report a metric, only those of the first host count, in the order of names:
    the ranks of one job report the same values.
    """
    by_metric: dict[str, dict[str, list[Point]]] = {}
    for host, point in found:
        by_metric.setdefault(point.metric, {}).setdefault(host, []).append(point)
    points = [point for by_host in by_metric.values() for point in by_host[min(by_host)]]
    return sorted(points, key=lambda point: (point.time_ms, point.metric))


def _points_of(event: LogEvent, expressions: Mapping[str, regex.Pattern[str]]) -> Iterator[Point]:
    """The finite values in a line; those of expressions have the step that `step` finds in it."""
    if (written := _written(event)) is not None:
        yield written
        return
    found = {name: _found(each, event.message) for name, each in expressions.items()}
    values = {name: value for name, value in found.items() if value is not None}
    step = values.pop(_STEP, None)
    for metric, value in values.items():
        yield Point(metric, None if step is None else int(step), value, event.time_ms)


def _written(event: LogEvent) -> Point | None:
    """The point that a line of JSON says; None for any other line."""
    text = event.message.strip()
    if not text.startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    metric, value, step = (document.get(key) for key in ("metric", "value", _STEP))
    if not isinstance(metric, str) or not metric or not _is_number(value):
        return None
    at = int(step) if _is_number(step) else None
    return Point(metric, at, float(value), event.time_ms)


def _found(expression: regex.Pattern[str], message: str) -> float | None:
    """The last value that an expression finds in a line, as SageMaker takes it."""
    try:
        matches = list(expression.finditer(message, timeout=_SECONDS_PER_LINE))
        value = float(matches[-1].group(1)) if matches else None
    except (TimeoutError, ValueError, TypeError, IndexError):
        return None
    return value if value is not None and math.isfinite(value) else None


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(float(value))  # type: ignore[arg-type]


def continued(points: Iterable[Point]) -> dict[str, list[Point]]:
    """The curve of each metric, over all attempts, from points in the order of their times.

    A job that was interrupted goes on from its last checkpoint, and does steps a second time. So a
    curve is cut back to the step that comes next: each step is in it once, as it was done last.
    Points without a step are numbered.
    """
    curves: dict[str, list[Point]] = {}
    for point in points:
        curve = curves.setdefault(point.metric, [])
        if point.step is None:
            curve.append(_after(curve, point))
            continue
        while curve and curve[-1].step is not None and curve[-1].step >= point.step:
            curve.pop()
        curve.append(point)
    return curves


def numbered(points: Iterable[Point]) -> dict[str, list[Point]]:
    """All points of each metric, those without a step numbered; a step may be there twice."""
    curves: dict[str, list[Point]] = {}
    for point in points:
        curve = curves.setdefault(point.metric, [])
        curve.append(_after(curve, point) if point.step is None else point)
    return curves


def milliseconds(time: datetime) -> int:
    """A time in milliseconds since 1970."""
    return round(time.timestamp() * 1000)


def _after(curve: list[Point], point: Point) -> Point:
    """The point with the step that follows a curve."""
    last = curve[-1].step if curve else None
    return replace(point, step=0 if last is None else last + 1)
