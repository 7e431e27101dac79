"""The trials of a tuning as pictures: the best so far, and all hyperparameters. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from components.training_job.run_report.axes import Scale, round_between, scale_of
from components.training_job.run_report.charts.metric_chart import HEIGHT, grid, height
from components.training_job.run_report.charts.svg import at, canvas, chart, element, label, path
from components.training_job.run_report.quantities import number
from components.training_job.run_report.trial_tables import MOST_LINES, Axis, TrialTable, axes_of

_AXIS_HEIGHT = 62.0
_NAME_AT, _LINE_AT, _ENDS_AT = 14.0, 26.0, 42.0
_LONGEST_NAME, _LONGEST_END = 34, 16
_BEST_SHARE = 0.1
"""The share of the trials that is drawn as the best."""


def best_so_far(trials: TrialTable) -> Markup:
    """Each trial as a dot, and the best value so far as a line."""
    values = values_of(trials)
    scale, ticks = scale_of(values)
    across = Scale(1, max(len(trials.all), 2))
    dots = (
        at(
            across.place(position),
            height(scale, trial.objective),
            element("circle", r=2.5, class_="trial"),
        )
        for position, trial in enumerate(trials.all, start=1)
        if trial.counts and trial.objective is not None
    )
    line = [(across.place(position), height(scale, value)) for position, value in _stairs(trials)]
    labels = (
        label(across.place(tick), HEIGHT - 4, number(tick))
        for tick in round_between(1, len(trials.all))
        if tick == int(tick)
    )
    best = trials.best
    words = (
        f"The best of {len(trials.all)} trials has {trials.metric} {number(best.objective)}."
        if best and best.objective is not None
        else "No trial has a value."
    )
    return chart(
        f"Best {trials.metric} so far",
        words,
        HEIGHT,
        *grid(scale, ticks),
        *labels,
        *dots,
        canvas(HEIGHT, path(line, "curve")),
    )


def values_of(trials: TrialTable) -> list[float]:
    """The values of the objective of those trials that can be the best."""
    return [each.objective for each in trials.all if each.counts and each.objective is not None]


def _stairs(trials: TrialTable) -> Iterator[tuple[float, float]]:
    """The corners of the line of the best value so far."""
    last: float | None = None
    for position, value in trials.best_so_far:
        if last is not None:
            yield float(position), last
        yield float(position), value
        last = value
    if last is not None:
        yield float(len(trials.all)), last


def parallel_coordinates(trials: TrialTable) -> Markup:
    """A line for each trial, over one axis for each hyperparameter and one for the objective.

    The axes lie below each other, so that the names have the whole width.
    """
    shown = [each for each in trials.ranked if each.counts][:MOST_LINES]
    axes = axes_of(trials, shown)
    best = max(1, round(_BEST_SHARE * len(shown)))
    tall = _AXIS_HEIGHT * len(axes)
    lines = [
        path(_line(axes, index), "line best" if index < best else "line")
        for index in reversed(range(len(shown)))  # the best is drawn last, above the others
    ]
    return chart(
        f"Hyperparameters and {trials.metric} of {len(shown)} trials",
        f"Thick lines are the {best} best.",
        tall,
        canvas(tall, *lines),
        *(each for number_, axis in enumerate(axes) for each in _axis(axis, number_)),
        class_="parallel",
    )


def _line(axes: Sequence[Axis], trial: int) -> Iterator[tuple[float, float]]:
    for number_, axis in enumerate(axes):
        place = axis.places[trial]
        if place is not None:
            yield place, number_ * _AXIS_HEIGHT + _LINE_AT


def _axis(axis: Axis, number_: int) -> Iterator[Markup]:
    top = number_ * _AXIS_HEIGHT
    y = top + _LINE_AT
    yield element("line", x1=0, x2="100%", y1=y, y2=y, class_="axis")
    name = element("tspan", _short(axis.name, _LONGEST_NAME), class_="name")
    note = element("tspan", f"  {axis.note}") if axis.note else ""
    yield element("text", name, note, x=0, y=top + _NAME_AT)
    for place, text in axis.labels:
        yield label(place, top + _ENDS_AT, _short(text, _LONGEST_END))


def _short(text: str, longest: int) -> str:
    """A text without its middle, where it is too long; the tables have it whole."""
    if len(text) <= longest:
        return text
    half = (longest - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
