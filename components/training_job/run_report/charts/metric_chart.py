"""The curve of a metric over all attempts as a picture. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from components.training_job.run_report.axes import Scale, round_between, scale_of
from components.training_job.run_report.charts.svg import (
    at,
    canvas,
    chart,
    element,
    label,
    path,
    percent,
)
from components.training_job.run_report.charts.timeline_chart import triangle
from components.training_job.run_report.curves import Curve, Mark
from components.training_job.run_report.quantities import number

TOP, BOTTOM, HEIGHT = 26.0, 138.0, 158.0
"""Pixels: of the highest value, of the lowest, and of all with the labels of the steps."""
_APART = 0.3
"""The marks of attempts that are nearer to each other than this have one label."""


def metric_chart(curve: Curve) -> Markup:
    """A curve with the marks of attempts and interruptions."""
    steps = [step for step, _ in curve.points]
    scale, ticks = scale_of([value for _, value in curve.points])
    across = Scale(min(steps), max(steps))
    shown = ((across.place(step), height(scale, value)) for step, value in curve.points)
    end_step, end_value = curve.points[-1]
    return chart(
        curve.metric,
        description(curve),
        HEIGHT,
        *grid(scale, ticks),
        *_steps(across),
        *_marks(curve.marks, across),
        canvas(HEIGHT, path(shown, "curve")),
        at(across.place(end_step), height(scale, end_value), element("circle", r=3, class_="end")),
    )


def value_labels(values: Sequence[float]) -> Markup:
    """The values at the lines of a grid, in a picture of their own beside the curve."""
    scale, ticks = scale_of(values)
    texts = [number(each) for each in ticks]
    width = 7 * max(map(len, texts)) + 8
    labels = (
        element("text", text, x=width - 6, y=height(scale, tick) + 4, text_anchor="end")
        for text, tick in zip(texts, ticks, strict=True)
    )
    return element("svg", *labels, width=width, height=HEIGHT, aria_hidden="true", class_="chart")


def description(curve: Curve) -> str:
    """A curve in words."""
    first, last = curve.points[0], curve.points[-1]
    interruptions = sum(each.is_interruption for each in curve.marks)
    resumed = ", ".join(
        f"attempt {each.attempt} from step {number(each.step)}"
        for each in curve.marks
        if not each.is_interruption
    )
    words = (
        f"From {number(first[1])} at step {number(first[0])} to {number(last[1])} at step "
        f"{number(last[0])}; lowest {number(curve.lowest)}, highest {number(curve.highest)}"
    )
    words += f"; {resumed}" if resumed else ""
    return f"{words}; {interruptions} interrupted." if interruptions else f"{words}."


def height(scale: Scale, value: float) -> float:
    """Where a value is, in pixels from above."""
    return BOTTOM - scale.place(value) * (BOTTOM - TOP)


def grid(scale: Scale, ticks: Sequence[float]) -> Iterator[Markup]:
    """The lines at round values."""
    for tick in ticks:
        y = height(scale, tick)
        yield element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid")


def _steps(across: Scale) -> Iterator[Markup]:
    for tick in round_between(across.low, across.high):
        yield label(across.place(tick), HEIGHT - 4, number(tick))


def _marks(marks: Sequence[Mark], across: Scale) -> Iterator[Markup]:
    labelled = -1.0
    for mark in marks:
        x = across.place(mark.step)
        class_ = "interrupted-at" if mark.is_interruption else "attempt-at"
        ends = {"x1": percent(x), "x2": percent(x)}
        yield element("line", y1=TOP - 8, y2=BOTTOM, class_=class_, **ends)
        if mark.is_interruption:
            yield triangle(x, TOP - 12)
        elif x - labelled > _APART:
            labelled = x
            yield label(x, TOP - 17, f"attempt {mark.attempt}", "mark")
