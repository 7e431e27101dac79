"""How much of a job's work survives interruptions, for different intervals of checkpoints.

    python -m bench.recovery [--plot recovery.svg]

Jobs of light steps run on a local cloud that takes their instances away at random times, always
abruptly. Goodput is useful steps ÷ steps run; efficiency is the time of useful steps ÷ the time
from each attempt's first line to its last. Next to the measurements are the expectations of Young
and Daly, which are the best possible values.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from bench import theory
from bench.local_cloud import BUCKET, LocalCloud, local_cloud
from bench.plot import Curve, write_plot

STEP_SECONDS = 0.02
CHECKPOINT_SECONDS = 0.05
"""Seconds that a save takes, in place of a large state."""
NEVER = 0.0
_WIDTH = 100

SCRIPT = f"""
import pathlib, sys, time
last_step, every = int(sys.argv[1]), int(sys.argv[2])
folder = pathlib.Path('/opt/ml/checkpoints')
step = max((int(path.name) for path in folder.iterdir() if path.name.isdigit()), default=0)
print('begins', flush=True)
while step < last_step:
    time.sleep({STEP_SECONDS})
    step += 1
    print(f'did {{step}}\\n', end='', flush=True)  # in one piece, wherever it is killed
    if every and step % every == 0:
        time.sleep({CHECKPOINT_SECONDS})
        new = folder / (str(step) + '.sagemaker-ignore')
        new.write_text('state')
        new.rename(folder / str(step))
"""


@dataclass(frozen=True)
class Case:
    """One combination that is measured."""

    between: float
    """Mean seconds between interruptions."""
    interval: float
    """Seconds of steps between checkpoints; NEVER for none."""


@dataclass(frozen=True)
class Result:
    """The sums over the jobs of one case."""

    useful: int
    """The steps of jobs that completed; the steps of other jobs are lost."""
    run: int
    seconds: float
    """Seconds from each attempt's first line to its last, added up."""
    interruptions: int
    unfinished: int
    """Jobs that did not complete within the limit."""

    @property
    def goodput(self) -> float:
        """Useful steps ÷ steps run."""
        return self.useful / self.run

    @property
    def efficiency(self) -> float:
        """The time of useful steps ÷ all time."""
        return self.useful * STEP_SECONDS / self.seconds


def main(
    work: Annotated[float, typer.Option(help="Seconds of steps that each job has to do.")] = 12.0,
    between: Annotated[
        list[float] | None, typer.Option(help="Mean seconds between interruptions.")
    ] = None,
    interval: Annotated[
        list[float] | None, typer.Option(help="Seconds of steps between checkpoints.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Jobs of each case.")] = 4,
    limit: Annotated[int, typer.Option(help="Most seconds that a job may train.")] = 90,
    plot: Annotated[Path, typer.Option(help="Where the plot is written, as SVG.")] = Path(
        "recovery.svg"
    ),
) -> None:
    """Measures, prints a table, and writes a plot."""
    means = between or [3.0, 6.0, 12.0]
    intervals = interval or [0.2, 0.4, 0.8, 1.6, 3.2]
    console = Console(width=_WIDTH)
    console.print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    results: dict[Case, Result] = {}
    for mean in means:
        cases = [Case(mean, each) for each in [*intervals, NEVER]]
        results |= measure(cases, work, jobs, limit)
    console.print(table(results, work))
    for mean in means:
        console.print(best(mean))
    write_plot(plot, "Goodput under interruptions", "checkpoint interval, s", curves(results))
    console.print(f"The plot is {plot}.")


def measure(cases: list[Case], work: float, jobs: int, limit: int) -> dict[Case, Result]:
    """Runs the jobs of cases that have the same interruptions, all at once."""
    options = ("--spot-interval", str(cases[0].between), "--spot-abrupt", "1")
    names = {case: [f"{_name(case)}-{number}" for number in range(jobs)] for case in cases}
    with local_cloud(*options, "--checkpoint-interval", "0.05", "--grace", "1") as cloud:
        for case, of_case in names.items():
            for name in of_case:
                _start(cloud, name, case, work, limit)
        return {case: _sum(cloud, of_case) for case, of_case in names.items()}


def _name(case: Case) -> str:
    return f"every-{case.interval}-of-{case.between}".replace(".", "-")


def _start(cloud: LocalCloud, name: str, case: Case, work: float, limit: int) -> None:
    steps, every = round(work / STEP_SECONDS), round(case.interval / STEP_SECONDS)
    cloud.create(
        name,
        SCRIPT,
        str(steps),
        str(every),
        EnableManagedSpotTraining=True,
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/{name}/"},
        StoppingCondition={"MaxRuntimeInSeconds": limit, "MaxWaitTimeInSeconds": 100 * limit},
    )


def _sum(cloud: LocalCloud, names: list[str]) -> Result:
    found = [result_of(cloud.wait(name), cloud.lines(name)) for name in names]
    return Result(
        useful=sum(each.useful for each in found),
        run=sum(each.run for each in found),
        seconds=sum(each.seconds for each in found),
        interruptions=sum(each.interruptions for each in found),
        unfinished=sum(each.unfinished for each in found),
    )


def result_of(job: dict[str, Any], lines: list[tuple[float, str]]) -> Result:
    """What one job did, by its description and its log lines."""
    completed = job["TrainingJobStatus"] == "Completed"
    steps = [int(message.split()[1]) for _, message in lines if message.startswith("did")]
    attempts = list(_attempts(lines))
    rows = [row["Status"] for row in job["SecondaryStatusTransitions"]]
    return Result(
        useful=max(steps) if completed else 0,
        run=len(steps),
        seconds=sum(attempt[-1] - attempt[0] for attempt in attempts),
        interruptions=rows.count("Interrupted"),
        unfinished=0 if completed else 1,
    )


def _attempts(lines: list[tuple[float, str]]) -> Iterator[list[float]]:
    """Yields the times of each attempt's lines."""
    times: list[float] = []
    for moment, message in lines:
        if message == "begins" and times:
            yield times
            times = []
        times.append(moment)
    if times:
        yield times


def table(results: dict[Case, Result], work: float) -> Table:
    """The measurements, next to the expected values."""
    made = Table(
        *("between interruptions", "checkpoint every", "interruptions"),
        *("goodput", "expected", "efficiency", "expected"),
        title=f"{work:g} s of steps a job; a checkpoint costs {CHECKPOINT_SECONDS:g} s",
    )
    for case, result in results.items():
        interval = case.interval or work
        cost = CHECKPOINT_SECONDS if case.interval else 0.0
        unfinished = f", {result.unfinished} never ended" if result.unfinished else ""
        made.add_row(
            f"{case.between:g} s",
            f"{case.interval:g} s" if case.interval else "never",
            f"{result.interruptions}{unfinished}",
            f"{result.goodput:.3f}",
            f"{theory.goodput(interval, case.between):.3f}",
            f"{result.efficiency:.3f}",
            f"{theory.efficiency(interval, case.between, cost):.3f}",
        )
    return made


def best(between: float) -> str:
    """The best possible interval and efficiency, by Young's formula."""
    interval = theory.best_interval(between, CHECKPOINT_SECONDS)
    share = theory.efficiency(interval, between, CHECKPOINT_SECONDS)
    return (
        f"With {between:g} s between interruptions, a checkpoint every {interval:.1f} s is best: "
        f"an efficiency of {share:.3f}."
    )


def curves(results: dict[Case, Result]) -> list[Curve]:
    """The goodput over the checkpoint interval: measured, expected, without checkpoints."""
    found = []
    for number, between in enumerate(dict.fromkeys(case.between for case in results)):
        own = {case.interval: each for case, each in results.items() if case.between == between}
        without = own.pop(NEVER).goodput
        measured = [(interval, each.goodput) for interval, each in own.items()]
        expected = [(interval, theory.goodput(interval, between)) for interval in own]
        ends = [min(own), max(own)]
        found += [
            Curve(f"every {between:g} s: measured", number, measured, "points"),
            Curve(f"every {between:g} s: expected", number, expected, "line"),
            Curve(
                f"every {between:g} s: without checkpoints",
                number,
                [(end, without) for end in ends],
                "dashes",
            ),
        ]
    return found


if __name__ == "__main__":
    typer.run(main)
