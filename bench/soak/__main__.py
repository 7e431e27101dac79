"""Runs many jobs on a local cloud with faults, which is killed and started again and again.

    python -m bench.soak [--minutes 60] [--seed 0] [--at-once 8]

A seed draws the jobs, what is done to them, and when the server ends and starts again. The same
seed draws the same plan, so that a run that found something can be repeated; the machine decides
how actions and answers meet in time. The last line is a summary. The exit code is 1 if a job did
not end as it should, something was left, or a limit was exceeded.
"""

from __future__ import annotations

import os
import random
from typing import Annotated

import typer

from bench.soak.soaking import MOST_GROWTH, SLOWEST_SECONDS, soak


def main(
    minutes: Annotated[float, typer.Option(help="How long new jobs are created.")] = 60.0,
    seed: Annotated[int, typer.Option(help="Of the plan; 0 for a random one.")] = 0,
    at_once: Annotated[int, typer.Option(help="Jobs at once.")] = 8,
) -> None:
    """Runs a soak and prints its summary."""
    seed = seed or random.randrange(1, 1_000_000)  # noqa: S311  # nothing secret
    typer.echo(f"Seed {seed}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    summary = soak(minutes, seed, at_once, typer.echo)
    typer.echo(f"Limits: p99 {SLOWEST_SECONDS:g} s, memory × {MOST_GROWTH:g}")
    typer.echo(str(summary))
    if summary.problems or summary.left:
        raise typer.Exit(1)
    if summary.slowest > SLOWEST_SECONDS or summary.growth > MOST_GROWTH:
        raise typer.Exit(1)


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
