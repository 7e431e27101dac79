"""The forecast of a job, by what is known of it before its launch. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Relative, as the pack and the program have the same file in different packages.
from .model import Capacity, Forecast, Work, best_interval, forecast
from .rates import Rates
from .trial_model import Trials, tuning_forecast

ASSUMED_SAVE_SECONDS = 30.0
"""How long a checkpoint stops the training; nothing of a job says it before it runs."""


@dataclass(frozen=True)
class JobPlan:
    """What is known of a job before its launch. All times are in seconds."""

    seconds: float
    """Training without interruptions; that of one trial for a job that is tuned."""
    instances: int
    usd_per_hour: float | None
    """On demand, for all instances of the job, or of a trial; None where it is not known."""
    is_spot: bool
    keeps_checkpoints: bool
    max_wait: float = math.inf
    """Waiting and running together; infinite on demand."""
    max_runtime: float = math.inf
    """Training."""
    trials: Trials | None = None
    """How it is tuned; None for any other job."""

    def forecast(self, rates: Rates) -> Forecast:
        """What is to be expected of it, on the capacity that it asks for."""
        return self._on(self._capacity(rates, on_spot=self.is_spot), self.max_wait, rates)

    def on_demand(self, rates: Rates) -> Forecast | None:
        """The same work on demand; None for a job that is not on spot."""
        if not self.is_spot:
            return None
        return self._on(self._capacity(rates, on_spot=False), math.inf, rates)

    def _on(self, capacity: Capacity, max_wait: float, rates: Rates) -> Forecast:
        work = self._work(rates)
        if self.trials:
            return tuning_forecast(work, capacity, self.trials, max_wait, self.max_runtime)
        return forecast(work, capacity, max_wait, self.max_runtime)

    def _capacity(self, rates: Rates, *, on_spot: bool) -> Capacity:
        price, share = self.usd_per_hour, rates.spot_share if on_spot else 1
        return Capacity(
            interruptions_per_hour=rates.per_instance_hour * self.instances if on_spot else 0,
            restart=rates.restart,
            wait=rates.wait,
            usd_per_hour=None if price is None else price * share,
        )

    def _work(self, rates: Rates) -> Work:
        """The work of a job that keeps checkpoints as often as is best on its own capacity."""
        if not self.keeps_checkpoints:
            return Work(self.seconds, 0, 0)
        between = self._capacity(rates, on_spot=self.is_spot).between
        interval = best_interval(ASSUMED_SAVE_SECONDS, between)
        return Work(self.seconds, ASSUMED_SAVE_SECONDS, min(interval, self.seconds))
