"""The timeline of an attempt as a picture. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from markupsafe import Markup

from components.training_job.run_report.charts.svg import at, chart, element, percent
from components.training_job.run_report.contents import Row
from components.training_job.run_report.phases import INTERRUPTED, PHASES, TimeAxis
from components.training_job.run_report.quantities import time_taken

_HEIGHT, _BAR_TOP, _BAR_HEIGHT = 30.0, 9.0, 20.0
_NARROWEST = 0.004
"""The width at which a short phase is still seen."""


def timeline(row: Row, axis: TimeAxis) -> Markup:
    """The phases of an attempt, on the axis of all attempts."""
    begin, end = axis.place(row.number - 1, row.begin), axis.place(row.number - 1, row.end)
    return chart(
        f"Attempt {row.number}, {row.attempt.name}",
        description(row),
        _HEIGHT,
        _bar("whole", begin, end),
        *_bars(row, axis),
        *_interruptions(row, axis),
        class_="timeline",
    )


def description(row: Row) -> str:
    """The phases of an attempt in words, in their order."""
    runs = groupby(row.spans, key=lambda each: each.phase)
    phases = [f"{name} {time_taken(sum(each.seconds for each in of))}" for name, of in runs]
    return f"{'; '.join(phases) or 'nothing yet'}; then {row.attempt.outcome}."


def legend(rows: Mapping[str, float]) -> list[tuple[str, str, Markup]]:
    """Each phase that there was, how long it was in all attempts, and its sign."""
    return [(name, time_taken(rows[name]), _sign(name)) for name in PHASES if name in rows]


def _bars(row: Row, axis: TimeAxis) -> Iterator[Markup]:
    for span in row.spans:
        begin = axis.place(row.number - 1, span.begin)
        end = max(axis.place(row.number - 1, span.end), begin + _NARROWEST)
        shift = max(0.0, end - 1.0)
        yield _bar(span.phase, begin - shift, end - shift)


def _bar(phase: str, begin: float, end: float) -> Markup:
    """A bar in the colour of a phase, with its pattern above: a colour is not the only sign."""
    place = {"x": percent(begin), "width": percent(end - begin)}
    size = {"y": _BAR_TOP, "height": _BAR_HEIGHT}
    return Markup("").join(
        element("rect", class_=class_, **place, **size) for class_ in (phase, f"over {phase}")
    )


def _interruptions(row: Row, axis: TimeAxis) -> Iterator[Markup]:
    for span in row.spans:
        if span.phase == INTERRUPTED:
            yield triangle(axis.place(row.number - 1, span.begin), 1.0)


def triangle(x: float, y: float) -> Markup:
    """The mark of an interruption: it points down to its place."""
    return at(x, y, element("path", d="M-5 0H5L0 7Z", class_="interruption"))


def _sign(phase: str) -> Markup:
    sizes = {"width": 16, "height": 12}
    boxes = (element("rect", class_=each, **sizes) for each in (phase, f"over {phase}"))
    return element("svg", *boxes, aria_hidden="true", class_="sign", **sizes)
