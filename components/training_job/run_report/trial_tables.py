"""The trials of a lineage that is tuned, from the tables that its tuning jobs left.

Pure functions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.training_job.run_report.axes import Scale, spread_scale
from components.training_job.run_report.quantities import number

MOST_AXES = 12
MOST_LINES = 400
"""The trials that are drawn; there are pictures of more that no one can read."""
_MOST_CHOICES = 3
"""The choices that are all written at an axis; of more, only the first and the last."""


@dataclass(frozen=True)
class Trial:
    """One trial, as `trials.json` has it."""

    name: str
    status: str
    objective: float | None
    """The objective's last value; None for a trial that reported none."""
    hyperparameters: Mapping[str, str]
    seconds: float
    cost_usd: float | str
    failure_reason: str

    @property
    def counts(self) -> bool:
        """Whether it completed with a value of the objective, so that it can be the best."""
        return self.status == "Completed" and self.objective is not None


@dataclass(frozen=True)
class TrialTable:
    """All trials with one objective, in the order of their start."""

    metric: str
    is_minimized: bool
    all: Sequence[Trial]

    @property
    def ranked(self) -> list[Trial]:
        """The best first; those that can't be the best are last."""
        sign = 1 if self.is_minimized else -1
        return sorted(
            self.all,
            key=lambda each: (not each.counts, sign * (each.objective or 0)),
        )

    @property
    def best(self) -> Trial | None:
        """The best trial; None where none has completed with a value."""
        return next((each for each in self.ranked if each.counts), None)

    @property
    def best_so_far(self) -> list[tuple[int, float]]:
        """The numbers of the trials that were better than all before, from 1, with their values."""
        found: list[tuple[int, float]] = []
        for position, trial in enumerate(self.all, start=1):
            value = trial.objective if trial.counts else None
            if value is not None and (not found or self._is_better(value, found[-1][1])):
                found.append((position, value))
        return found

    @property
    def tuned(self) -> list[str]:
        """The hyperparameters that differ between trials, in the order of names."""
        names = sorted({name for each in self.all for name in each.hyperparameters})
        return [
            name
            for name in names
            if len({each.hyperparameters.get(name, "") for each in self.all}) > 1
        ]

    def _is_better(self, value: float, than: float) -> bool:
        return value < than if self.is_minimized else value > than


def trials_in(tables: Iterable[Mapping[str, Any]]) -> TrialTable | None:
    """The trials of these tables, the oldest first, that have the newest one's objective.

    A table also has the trials of the attempts before it, each of which has a table of its own.
    """
    found = list(tables)
    if not found:
        return None
    objective = found[-1]["objective"]
    same = (each for each in found if each["objective"] == objective)
    by_name = {row["name"]: row for table in same for row in table["trials"]}
    rows = list(by_name.values())
    # One that never began comes last.
    rows.sort(key=lambda row: (not row.get("started"), row.get("started")))
    return TrialTable(
        metric=str(objective["MetricName"]),
        is_minimized=objective.get("Type") == "Minimize",
        all=[_trial(row) for row in rows],
    )


def _trial(row: Mapping[str, Any]) -> Trial:
    value = row.get("objective")
    return Trial(
        name=str(row["name"]),
        status=str(row["status"]),
        objective=None if value is None else float(value),
        hyperparameters={str(k): str(v) for k, v in row.get("hyperparameters", {}).items()},
        seconds=float(row.get("seconds", 0)),
        cost_usd=row.get("cost_usd", "unknown"),
        failure_reason=str(row.get("failure_reason", "")),
    )


@dataclass(frozen=True)
class Axis:
    """One axis of a picture of trials: what is at which place from 0 to 1."""

    name: str
    note: str
    labels: Sequence[tuple[float, str]]
    """The values that are written at it, with their places."""
    places: Sequence[float | None]
    """The place of each trial; None for one that has no value."""


def axes_of(trials: TrialTable, shown: Sequence[Trial]) -> list[Axis]:
    """The axes of the hyperparameters that differ, and at the end that of the objective."""
    axes = [
        _axis(name, [each.hyperparameters.get(name) for each in shown])
        for name in trials.tuned[:MOST_AXES]
    ]
    better = "lower is better" if trials.is_minimized else "higher is better"
    values = [None if each.objective is None else repr(each.objective) for each in shown]
    return [*axes, _axis(trials.metric, values, better)]


def _axis(name: str, values: Sequence[str | None], note: str = "") -> Axis:
    known = {text: _number(text) for text in values if text is not None}
    numbers = {text: value for text, value in known.items() if value is not None}
    if numbers and len(numbers) == len(known):
        return _of_numbers(name, values, numbers, note)
    choices = sorted(known)
    scale = Scale(0, max(len(choices) - 1, 1))
    places = {text: scale.place(index) for index, text in enumerate(choices)}
    named = choices if len(choices) <= _MOST_CHOICES else [choices[0], choices[-1]]
    labels = [(places[each], each) for each in named]
    return Axis(name, note, labels, [None if each is None else places[each] for each in values])


def _of_numbers(
    name: str, values: Sequence[str | None], numbers: Mapping[str, float], note: str
) -> Axis:
    scale = spread_scale(list(numbers.values()))
    notes = [each for each in (note, "logarithmic" if scale.is_logarithmic else "") if each]
    ends = [(0.0, scale.low), (1.0, scale.high)] if scale.low < scale.high else [(0.5, scale.low)]
    labels = [(place, number(value)) for place, value in ends]
    places = [None if each is None else scale.place(numbers[each]) for each in values]
    return Axis(name, ", ".join(notes), labels, places)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
