"""The finish time and the cost of a job whose instances may be taken away. Pure functions.

A job's work is divided by its checkpoints into stretches. Interruptions come after exponentially
distributed times of running; each loses the stretch that it hits, waits for new instances, and
starts the script again. With a stretch of `s` seconds, an interruption every `m` seconds of running
on average, `R` to start again and `q` to wait, a stretch takes on average

    (m + R + q) · (e^(s/m) - 1)

seconds until it is done once without an interruption (Young 1974, Daly 2006). The percentiles come
from simulated runs. How many interruptions a run has is drawn at once, so that a job which is
interrupted thousands of times costs no more time than any other.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

RUNS = 20_000
"""The simulated runs of a forecast: their percentiles vary by about 1 % with another seed."""

_SEED = 1
_MANY = 30
"""From so many draws on, their sum is drawn at once, from a normal distribution."""
_SECONDS_PER_HOUR = 3600
_HOPELESS = 100.0
"""The largest power of e that is computed: a job with more than that many interruptions never ends,
and the sums of larger ones are no finite numbers."""
_MOST_STRETCHES = 1e9


@dataclass(frozen=True)
class Work:
    """What a job has to do. All times are in seconds."""

    seconds: float
    """Training without any interruption, and without saving checkpoints."""
    save: float
    """How long a checkpoint stops the training."""
    interval: float
    """Training between two checkpoints; 0 for a job that keeps none."""

    @property
    def stretches(self) -> int:
        """In how many stretches the checkpoints divide the work."""
        if not self.interval:
            return 1
        return max(1, math.ceil(min(self.seconds / self.interval, _MOST_STRETCHES)))

    @property
    def stretch(self) -> float:
        """Seconds of one stretch with its share of the saves; the last ends without one."""
        return (self.seconds + (self.stretches - 1) * self.save) / self.stretches


@dataclass(frozen=True)
class Capacity:
    """What the job runs on."""

    interruptions_per_hour: float
    """Of all instances together: one that is lost interrupts all. 0 on demand."""
    restart: float
    """Seconds from new instances until the script goes on, which are billed."""
    wait: float
    """Seconds of waiting for instances, on average, which are not billed."""
    usd_per_hour: float | None
    """What all instances together are billed, after the spot discount; None if it is not known."""

    @property
    def between(self) -> float:
        """Seconds of running between interruptions, on average; infinite on demand."""
        rate = self.interruptions_per_hour
        return _SECONDS_PER_HOUR / rate if rate else math.inf


@dataclass(frozen=True)
class Spread:
    """A quantity that differs from run to run."""

    mean: float
    runs: Sequence[float]
    """Its value in each simulated run, from the smallest to the largest."""

    def at(self, percent: float) -> float:
        """The value that so many percent of the runs do not exceed."""
        position = math.ceil(len(self.runs) * percent / 100) - 1
        return self.runs[min(max(position, 0), len(self.runs) - 1)]


@dataclass(frozen=True)
class Forecast:
    """What is to be expected of one job on one capacity."""

    work: Work
    capacity: Capacity
    finish: Spread
    """Seconds from the launch to the end, with all waiting."""
    billed: Spread
    """Seconds that each instance is billed, before the spot discount; of all trials together."""
    chance: float
    """The share of runs that end within the job's limits, 0 to 1."""
    times: float = 1
    """How often the work is done, on average: the trials of a tuning job; 1 for any other job."""
    share_of_trials: float = 1
    """The share of a tuning job's trials that end within its limits and their own, 0 to 1."""

    @cached_property
    def cost(self) -> Spread | None:
        """USD for all instances, and all trials; None where the price is not known."""
        price = self.capacity.usd_per_hour
        if price is None:
            return None
        usd = price / _SECONDS_PER_HOUR
        return Spread(self.billed.mean * usd, [each * usd for each in self.billed.runs])

    @property
    def interruptions(self) -> float:
        """How often the job is interrupted, on average, with all its trials."""
        return self.times * _mean_interruptions(self.work, self.capacity)


def forecast(
    work: Work,
    capacity: Capacity,
    max_wait: float = math.inf,
    max_runtime: float = math.inf,
    runs: int = RUNS,
) -> Forecast:
    """What is to be expected of a job; the same for the same arguments.

    It ends within its limits if it waits and runs for no longer than `max_wait` seconds together,
    and trains for no longer than `max_runtime` seconds, with what interruptions lose. That these
    count together for the latter is an assumption.
    """
    drawn = simulated_runs(work, capacity, seeded(), runs)
    within = sum(each.is_within(max_wait, max_runtime) for each in drawn)
    return Forecast(
        work,
        capacity,
        finish=Spread(mean_finish(work, capacity), sorted(each.finish for each in drawn)),
        billed=Spread(mean_billed(work, capacity), sorted(each.billed for each in drawn)),
        chance=within / runs,
    )


def seeded() -> random.Random:
    """The source of random numbers of a forecast: the same numbers for each."""
    return random.Random(_SEED)  # noqa: S311 - a simulation, and no secret


def mean_finish(work: Work, capacity: Capacity) -> float:
    """Seconds from the launch to the end, on average."""
    idle = capacity.restart + capacity.wait
    return _mean_trained(work, capacity) + _mean_interruptions(work, capacity) * idle + idle


def mean_billed(work: Work, capacity: Capacity) -> float:
    """Seconds that each instance is billed, before the spot discount, on average."""
    starts = 1 + _mean_interruptions(work, capacity)
    return _mean_trained(work, capacity) + starts * capacity.restart


def best_interval(save: float, between: float) -> float:
    """Seconds of training between checkpoints that lose the least time, by Daly's formula.

    It is Young's √(2 · save · between), with terms that count where interruptions are frequent.
    Infinite without interruptions. Source: J. T. Daly, "A higher order estimate of the optimum
    checkpoint interval", Future Generation Computer Systems 22 (2006).
    """
    if math.isinf(between):
        return math.inf
    if save >= 2 * between:
        return between
    ratio = save / (2 * between)
    return math.sqrt(2 * save * between) * (1 + math.sqrt(ratio) / 3 + ratio / 9) - save


def dearer_than(work: Work, capacity: Capacity, usd: float) -> float | None:
    """The interruptions an hour from which spot capacity costs more than `usd`.

    None if its price is not known, 0 if it always costs more.
    """
    price = capacity.usd_per_hour
    if price is None:
        return None

    def cost(rate: float) -> float:
        changed = Capacity(rate, capacity.restart, capacity.wait, price)
        return mean_billed(work, changed) / _SECONDS_PER_HOUR * price

    low, high = 0.0, 1.0
    if cost(low) > usd:
        return 0.0
    while cost(high) < usd:
        low, high = high, high * 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle) < usd else (low, middle)
    return high


@dataclass(frozen=True)
class SimulatedRun:
    """One simulated run, in seconds."""

    finish: float
    trained: float
    billed: float

    def is_within(self, max_wait: float, max_runtime: float) -> bool:
        """Whether it ended within these limits."""
        return self.finish <= max_wait and self.trained <= max_runtime


def simulated_runs(
    work: Work, capacity: Capacity, source: random.Random, runs: int = RUNS
) -> list[SimulatedRun]:
    """So many runs of a job."""
    return [_run(work, capacity, source) for _ in range(runs)]


def _run(work: Work, capacity: Capacity, source: random.Random) -> SimulatedRun:
    useful = work.stretches * work.stretch
    interruptions = _interruptions(work, capacity, source)
    trained = useful + _lost(interruptions, work, capacity, source)
    restarts = (1 + interruptions) * capacity.restart
    waited = _waited(1 + interruptions, capacity.wait, source)
    return SimulatedRun(trained + restarts + waited, trained, trained + restarts)


def _interruptions(work: Work, capacity: Capacity, source: random.Random) -> float:
    """How often a run is interrupted: the failures before as many successes as stretches.

    This negative binomial number is drawn as a Poisson number whose mean is gamma distributed.
    """
    odds = _expm1(work.stretch / capacity.between)  # of an interruption, for each success
    if odds == 0:
        return 0
    return _poisson(source.gammavariate(work.stretches, odds), source)


def _lost(interruptions: float, work: Work, capacity: Capacity, source: random.Random) -> float:
    """Seconds of training that these interruptions lose: exponential times within a stretch."""
    if interruptions == 0:
        return 0
    stretch, between = work.stretch, capacity.between
    chance = -math.expm1(-stretch / between)  # that a stretch is interrupted at all
    if interruptions <= _MANY:
        draws = (source.random() for _ in range(int(interruptions)))
        return sum(-between * math.log1p(-chance * each) for each in draws)
    mean = between - stretch * (1 - chance) / chance
    square = 2 * between * mean - stretch**2 * (1 - chance) / chance
    return _normal(interruptions, mean, square - mean**2, source)


def _waited(times: float, mean: float, source: random.Random) -> float:
    """Seconds of waiting, `times` times; exponential, as long waits are rare and do happen."""
    return source.gammavariate(times, mean) if mean else 0


def _poisson(mean: float, source: random.Random) -> float:
    if mean > _MANY:
        return max(0, round(source.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), source.random(), 0
    while product > limit:
        product *= source.random()
        number += 1
    return number


def _normal(number: float, mean: float, variance: float, source: random.Random) -> float:
    """The sum of so many draws, each with this mean and variance; never below 0."""
    return max(0.0, source.gauss(number * mean, math.sqrt(max(0.0, number * variance))))


def _mean_interruptions(work: Work, capacity: Capacity) -> float:
    return work.stretches * _expm1(work.stretch / capacity.between)


def _mean_trained(work: Work, capacity: Capacity) -> float:
    if math.isinf(capacity.between):
        return work.stretches * work.stretch
    return capacity.between * _mean_interruptions(work, capacity)


def _expm1(power: float) -> float:
    return math.expm1(min(power, _HOPELESS))
