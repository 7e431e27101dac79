"""The `tuning:` block of a job, as a team writes it: what is tried, by which plan, how often."""

from __future__ import annotations

from math import prod
from typing import Literal

from pydantic import Field

from components.validation import Seconds, SettingsModel

MOST_SECONDS = 30 * 86_400
"""The most seconds of a tuning job, by SageMaker's own limit:
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html"""

_MOST_OF_AN_INTEGER = 2**31 - 1


class ObjectiveSettings(SettingsModel):
    """The metric that says how good a trial is; one of the two is set."""

    maximize: str | None = Field(
        default=None, description="The name of the metric of which more is better, as accuracy."
    )
    minimize: str | None = Field(
        default=None, description="The name of the metric of which less is better, as val_loss."
    )

    @property
    def metric(self) -> str:
        """The metric's name, "" where none is set."""
        return self.maximize or self.minimize or ""


class RangeSettings(SettingsModel):
    """The values of a hyperparameter that are tried: from and to, or values."""

    from_: float | int | None = Field(
        default=None,
        alias="from",
        allow_inf_nan=False,
        description="The smallest value, a number.",
    )
    to: float | int | None = Field(
        default=None, allow_inf_nan=False, description="The largest value, a number."
    )
    integer: bool = Field(
        default=False, description="Whether only whole numbers are tried: true or false."
    )
    scale: Literal["auto", "linear", "log", "reverseLog"] = Field(
        default="auto",
        description="Where most values are tried: auto, linear, log (small values, above 0) or "
        "reverseLog (values near 1, from 0 to below 1).",
    )
    values: list[str | int | float | bool] = Field(
        default=[], description="Instead of from and to, the values themselves, 2 to 30."
    )

    @property
    def count(self) -> int | None:
        """How many values there are; None for a range of numbers that are not only whole ones."""
        if self.values:
            return len(self.values)
        if not self.integer or self.from_ is None or self.to is None:
            return None
        return int(self.to) - int(self.from_) + 1


class EpochsSettings(SettingsModel):
    """How long Hyperband trains a trial, in the script's own epochs."""

    min: int = Field(default=1, ge=1, description="The epochs after which it compares trials.")
    max: int = Field(ge=1, le=20_000, description="The most epochs of a trial, at most 20000.")


class StopWhenSettings(SettingsModel):
    """What ends the tuning before all trials were made."""

    reaches: float | int | None = Field(
        default=None,
        allow_inf_nan=False,
        description="The value of the objective that is good enough.",
    )
    not_improving_for: int | None = Field(
        default=None, ge=3, description="So many trials in a row without a better one, 3 or more."
    )
    converged: bool = Field(
        default=False,
        description="Whether it ends once SageMaker expects no better value: true or false.",
    )


class TuningSettings(SettingsModel):
    """How the hyperparameters of a job are tuned, by trials of the job."""

    objective: ObjectiveSettings = Field(
        description="The metric that says how good a trial is: {maximize: accuracy} or "
        "{minimize: loss}; one of the job's metrics."
    )
    ranges: dict[str, RangeSettings] = Field(
        min_length=1,
        max_length=30,
        description="The hyperparameters to tune, by name, at most 30: {learning-rate: {from: "
        "0.00001, to: 0.01, scale: log}, optimizer: {values: [adamw, sgd]}}.",
    )
    strategy: Literal["bayesian", "random", "grid", "hyperband"] = Field(
        default="bayesian",
        description="How the values are chosen: bayesian (from earlier trials), random, grid (each "
        "combination of values) or hyperband (ends weak trials early).",
    )
    max_trials: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="The most trials, at most 750, or 10000 with strategy: random. A grid has as "
        "many as there are combinations.",
    )
    parallel: int = Field(
        default=1,
        ge=1,
        le=100,
        description="How many trials run at once, 1 to 10, or up to 100 where the account's quota "
        "was raised. Fewer learn more from each other.",
    )
    max_runtime: Seconds | None = Field(
        default=None,
        ge=120,
        le=MOST_SECONDS,
        description="The most time for all trials together, in seconds or as in 24h, 2m to 30d.",
    )
    early_stopping: bool = Field(
        default=False,
        description="Whether SageMaker ends trials that are worse than others were: true or "
        "false; not with hyperband, which does so itself.",
    )
    stop_when: StopWhenSettings | None = Field(
        default=None,
        description="What ends the tuning early: {reaches, notImprovingFor, converged}.",
    )
    epochs: EpochsSettings | None = Field(
        default=None,
        description="With hyperband, the epochs of a trial: {min: 2, max: 20}. The script gets the "
        "largest as the hyperparameter epochs.",
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=_MOST_OF_AN_INTEGER,
        description="A whole number by which the same values are chosen again.",
    )
    warm_start: Literal["lineage", "never"] = Field(
        default="lineage",
        description="Whether the next tuning of the lineage learns from the trials of those before "
        "it: lineage or never.",
    )

    @property
    def combinations(self) -> int | None:
        """How many different trials there can be; None where a range has no end of values."""
        counts = [each.count for each in self.ranges.values()]
        known = [count for count in counts if count is not None]
        return prod(known) if len(known) == len(counts) else None

    @property
    def trial_limit(self) -> int | None:
        """The most trials; those of a grid are its combinations, None for what is not said."""
        return self.combinations if self.strategy == "grid" else self.max_trials
