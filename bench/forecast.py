"""Compares forecasts with simulated runs, and with real interruptions on the local cloud.

    PYTHONPATH=policies python -m bench.forecast

First, the mean and the percentiles of a forecast next to those of 10,000 runs that are played
through, one stretch after another, and of 10,000 tunings whose trials are. Then, jobs of light
steps on a local cloud that takes their instances away at random times, always abruptly: each job's
name is its seed. What a start costs is measured with jobs of other names before. At least 15 of 20
jobs should end between the 5th and the 95th percentile of the forecast.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench.local_cloud import BUCKET, LocalCloud, local_cloud
from bench.recovery import CHECKPOINT_SECONDS, SCRIPT, STEP_SECONDS, Result, result_of
from run_forecast.model import Capacity, Forecast, Work, forecast
from run_forecast.trial_model import Trials, tuning_forecast

HOUR = 3600.0
CASES = {
    "10 h, checkpoints every 30 min": (Work(10 * HOUR, 36, 1800), Capacity(0.15, 360, 900, 1)),
    "10 h, no checkpoints": (Work(10 * HOUR, 0, 0), Capacity(0.15, 360, 900, 1)),
    "10 h, interrupted twice an hour": (Work(10 * HOUR, 30, 300), Capacity(2, 360, 900, 1)),
    "2 h, 4 instances": (Work(2 * HOUR, 10, 600), Capacity(0.5, 60, 60, 1)),
}
TRIALS = {
    "12 trials of 2 h, 4 at once": (
        Work(2 * HOUR, 30, 1200),
        Capacity(0.4, 360, 900, 2),
        Trials(12, 4),
    ),
    "20 trials, no checkpoints": (Work(2 * HOUR, 0, 0), Capacity(0.4, 360, 900, 2), Trials(20, 10)),
}
SIMULATED = 10_000
BETWEEN, INTERVAL = 6.0, 0.8
_AT_ONCE = 4
_NEEDED, _SEEDS = 15, 20
_WIDTH = 110


def main(
    work: Annotated[float, typer.Option(help="Seconds of steps that each job has to do.")] = 12.0,
    seeds: Annotated[int, typer.Option(help="The jobs that are run on the local cloud.")] = _SEEDS,
) -> None:
    """Prints both comparisons; ends with 1 if one of them is not as good as it should be."""
    console = Console(width=_WIDTH)
    console.print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    simulated, worst = simulations()
    console.print(simulated)
    console.print(f"The largest difference is {100 * worst:.1f} % (wanted: at most 2 %).")
    planned, finished = real_runs(work, seeds)
    low, high = planned.finish.at(5), planned.finish.at(95)
    within = sum(low <= each <= high for each in finished)
    console.print(
        f"{work:g} s of steps, {BETWEEN:g} s between interruptions: forecast mean "
        f"{planned.finish.mean:.1f} s, P5 {low:.1f} s, P50 {planned.finish.at(50):.1f} s, "
        f"P95 {high:.1f} s; measured mean {statistics.mean(finished):.1f} s, median "
        f"{statistics.median(finished):.1f} s"
    )
    console.print("Seconds by seed:", *(f"{each:.1f}" for each in finished))
    console.print(f"{within} of {seeds} are within P5 to P95 (wanted: {_NEEDED} of {_SEEDS}).")
    raise typer.Exit(int(worst > 0.02 or within * _SEEDS < _NEEDED * seeds))


def simulations() -> tuple[Table, float]:
    """The forecasts next to simulated runs, and the largest difference, relative to the latter."""
    made = Table("job", "forecast: mean, P50, P90", "simulated", "seconds to forecast")
    worst = 0.0
    one = ((name, work, capacity, None) for name, (work, capacity) in CASES.items())
    for name, work, capacity, trials in [*one, *((name, *case) for name, case in TRIALS.items())]:
        start = time.perf_counter()
        found = tuning_forecast(work, capacity, trials) if trials else forecast(work, capacity)
        seconds = time.perf_counter() - start
        expected = [found.finish.mean, found.finish.at(50), found.finish.at(90)]
        runs = sorted(
            tunings_played(work, capacity, trials, SIMULATED)
            if trials
            else played(work, capacity, SIMULATED)
        )
        seen = [statistics.mean(runs), runs[SIMULATED // 2 - 1], runs[SIMULATED * 9 // 10 - 1]]
        worst = max(worst, *(abs(a / b - 1) for a, b in zip(expected, seen, strict=True)))
        made.add_row(name, _hours(expected), _hours(seen), f"{seconds:.2f}")
    return made, worst


def played(work: Work, capacity: Capacity, runs: int) -> list[float]:
    """Seconds to the end of runs that are played through, one stretch after another."""
    source = random.Random(7)  # noqa: S311 - a simulation, and no secret
    return [_played(work, capacity, source) for _ in range(runs)]


def tunings_played(work: Work, capacity: Capacity, trials: Trials, runs: int) -> list[float]:
    """Seconds to the end of tunings whose trials are played through, so many at once."""
    number = trials.number or 0
    each = iter(played(work, capacity, runs * number))
    ends = []
    for _ in range(runs):
        free = [0.0] * trials.parallel
        for _ in range(number):
            free[free.index(min(free))] += next(each)
        ends.append(max(free))
    return ends


def _played(work: Work, capacity: Capacity, source: random.Random) -> float:
    elapsed, done = 0.0, 0
    while True:
        elapsed += source.expovariate(1 / capacity.wait) + capacity.restart
        until = source.expovariate(1 / capacity.between)
        left = (work.stretches - done) * work.stretch
        if until >= left:
            return elapsed + left
        elapsed, done = elapsed + until, done + int(until // work.stretch)


def real_runs(work: float, seeds: int) -> tuple[Forecast, list[float]]:
    """The forecast of a job on the local cloud, and the seconds that each of them took."""
    options = ("--spot-interval", str(BETWEEN), "--spot-abrupt", "1")
    with local_cloud(*options, "--checkpoint-interval", "0.05", "--grace", "1") as cloud:
        tried = _run(cloud, [f"start-{number}" for number in range(_AT_ONCE)], work)
        restart = statistics.mean(each for job in tried for each in _starts(job))
        step = _step([result_of(job, cloud.lines(job["TrainingJobName"])) for job in tried])
        jobs = _run(cloud, [f"seed-{number}" for number in range(seeds)], work)
    slowness = step / STEP_SECONDS
    planned = forecast(
        Work(work * slowness, CHECKPOINT_SECONDS, INTERVAL * slowness),
        Capacity(HOUR / BETWEEN, restart, 0, 1),
    )
    return planned, [_seconds(job) for job in jobs]


def _run(cloud: LocalCloud, names: list[str], work: float) -> list[dict[str, Any]]:
    """The descriptions of jobs once they have ended; a few of them run at once."""
    ended = []
    for first in range(0, len(names), _AT_ONCE):
        some = names[first : first + _AT_ONCE]
        for name in some:
            cloud.create(
                name,
                SCRIPT,
                str(round(work / STEP_SECONDS)),
                str(round(INTERVAL / STEP_SECONDS)),
                EnableManagedSpotTraining=True,
                CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/{name}/"},
                StoppingCondition={"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 6000},
            )
        ended += [cloud.wait(name) for name in some]
    return ended


def _starts(job: dict[str, Any]) -> list[float]:
    """Seconds from each launch or interruption until the job trains."""
    starts, since = list[float](), job["CreationTime"]
    for visit in job["SecondaryStatusTransitions"]:
        if visit["Status"] == "Interrupted":
            since = visit["StartTime"]
        elif visit["Status"] == "Training":
            starts.append((visit["StartTime"] - since).total_seconds())
    return starts


def _seconds(job: dict[str, Any]) -> float:
    """Seconds from the launch to the script's end."""
    trained = [v for v in job["SecondaryStatusTransitions"] if v["Status"] == "Training"]
    end: float = (trained[-1]["EndTime"] - job["CreationTime"]).total_seconds()
    return end


def _step(results: list[Result]) -> float:
    """Seconds of a step on this machine now, where a sleep takes longer than asked."""
    together = sum(each.seconds for each in results) / sum(each.run for each in results)
    return together - CHECKPOINT_SECONDS * STEP_SECONDS / INTERVAL


def _hours(seconds: list[float]) -> str:
    return ", ".join(f"{each / HOUR:.2f} h" for each in seconds)


if __name__ == "__main__":
    typer.run(main)
