"""The trials of a lineage that is tuned, of all its tuning jobs together. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.training_job.reader.tunings import FoundTuning
from components.training_job.run_report.axes import Scale, spread_scale
from components.training_job.run_report.quantities import number
from components.training_job.tuning.trials import Trial, best_first

MOST_AXES = 12
MOST_LINES = 400
"""The trials that are drawn; there are pictures of more that no one can read."""
_MOST_CHOICES = 3
"""The choices that are all written at an axis; of more, only the first and the last."""


@dataclass(frozen=True)
class TrialTable:
    """All trials with one objective, in the order of their start."""

    metric: str
    is_minimized: bool
    all: Sequence[Trial]

    @property
    def ranked(self) -> list[Trial]:
        """The best first; those that can't be the best are last."""
        return best_first(self.all, "Minimize" if self.is_minimized else "Maximize")

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


def trials_in(tunings: Iterable[FoundTuning]) -> TrialTable | None:
    """The trials of these tuning jobs, the oldest first, that have the newest one's objective.

    Each is there once, though it may have been found with several tuning jobs.
    """
    found = [(tuning.objective, trials) for tuning, trials in tunings if trials]
    if not found:
        return None
    objective = found[-1][0]
    same = (trial for own, trials in found if own == objective for trial in trials)
    by_name = {trial.name: trial for trial in same}
    return TrialTable(
        metric=objective["MetricName"],
        is_minimized=objective["Type"] == "Minimize",
        # One that never began comes last.
        all=sorted(by_name.values(), key=lambda trial: (not trial.started, trial.started)),
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
