"""Which trials are stopped before their end, because others are better: pure functions.

A trial's epochs are the values of its objective, in the order in which it printed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean, median

from localcloud.sagemaker.tuning.tuning_records import Trial, TuningJob

_EPOCH_PARAMETERS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")
"""The static hyperparameters that stand for Hyperband's MaxResource (API reference)."""
_KEPT_SHARE = 3
"""One of so many trials goes on after a rung."""


def hopeless(job: TuningJob) -> Iterator[Trial]:
    """The running trials that their tuning job stops now."""
    running = [each for each in job.trials if each.status == "InProgress" and each.values]
    if job.config["Strategy"] == "Hyperband":
        yield from (each for each in running if _is_out(job, each))
    elif job.config.get("TrainingJobEarlyStoppingType") == "Auto":
        yield from (each for each in running if _is_below_the_median(job, each))


def resources(config: dict[str, object], static: dict[str, str]) -> tuple[int, int | None]:
    """The least and the most epochs of a Hyperband trial; None if there is no valid maximum."""
    strategy = config.get("StrategyConfig", {})
    given = strategy.get("HyperbandStrategyConfig", {}) if isinstance(strategy, dict) else {}
    inferred = next((static[name] for name in _EPOCH_PARAMETERS if name in static), "")
    most = given.get("MaxResource") or (int(inferred) if inferred.isdecimal() else None)
    return int(given.get("MinResource", 1)), most


def _is_below_the_median(job: TuningJob, trial: Trial) -> bool:
    """Whether it is worse than the median of the earlier trials' running averages so far.

    This is the rule of the Developer Guide, "Stop Training Jobs Early".
    """
    epoch = len(trial.values)
    averages = [
        fmean(each.values[:epoch])
        for each in job.trials
        if each.number < trial.number and len(each.values) >= epoch
    ]
    return bool(averages) and _worse(job, trial.values[-1], median(averages))


def _is_out(job: TuningJob, trial: Trial) -> bool:
    """Whether a trial of Hyperband has had all its epochs, or is not among a rung's best third."""
    least, most = resources(job.config, job.definition.get("StaticHyperParameters", {}))
    epochs = len(trial.values)
    if most is not None and epochs >= most:
        return True
    return any(not _is_kept(job, trial, rung) for rung in _rungs(least, epochs))


def _rungs(least: int, epochs: int) -> Iterator[int]:
    """The rungs that a trial has reached: each has three times the epochs of the one before."""
    rung = least
    while rung <= epochs:
        yield rung
        rung *= _KEPT_SHARE


def _is_kept(job: TuningJob, trial: Trial, rung: int) -> bool:
    own = trial.values[rung - 1]
    there: Sequence[float] = [
        each.values[rung - 1] for each in job.trials if len(each.values) >= rung
    ]
    better = sum(_worse(job, own, each) for each in there)
    return better < max(1, len(there) // _KEPT_SHARE)


def _worse(job: TuningJob, value: float, other: float) -> bool:
    return value > other if job.minimises else value < other
