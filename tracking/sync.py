"""`python -m tracking sync`: shows lineages on a tracking server, once or while their jobs run."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from tracking.errors import TrackingError
from tracking.mlflow_server import connect, page, refusal
from tracking.mlflow_tracking import MlflowTracking
from tracking.shown_lineages import Lineages
from tracking.tracked_runs import TrackedRun

FOLLOW_SECONDS = 15.0
"""How long it waits between two looks at jobs that run; an assumption of what people like."""


def synchronize(console: Console, lineages: Lineages, uri: str, experiment: str) -> None:
    """Shows the lineages as they are now.

    Raises:
        TrackingError: the server can't be reached, or it refuses.
    """
    for line in _once(lineages, uri, _connected(console, uri, experiment)).values():
        console.print(line, soft_wrap=True)


def follow(
    console: Console,
    lineages: Lineages,
    uri: str,
    experiment: str,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Shows the lineages again and again, until Ctrl-C; after an error it begins again.

    Raises:
        TrackingError: the server can't be reached at the beginning.
    """
    tracking: MlflowTracking | None = _connected(console, uri, experiment)
    console.print("[dim]Following the jobs; Ctrl-C ends it.[/dim]")
    said: dict[str, str] = {}
    while True:
        try:
            # What the server has is known only as long as every call succeeds.
            tracking = tracking or connect(uri, experiment)
            for name, line in _once(lineages, uri, tracking).items():
                if said.get(name) != line:
                    console.print(line, soft_wrap=True)
                said[name] = line
        except (TrackingError, BotoCoreError, ClientError) as error:
            console.print(str(error), style="yellow", soft_wrap=True)
            tracking = None
        pause(FOLLOW_SECONDS)


def _connected(console: Console, uri: str, experiment: str) -> MlflowTracking:
    tracking = connect(uri, experiment)
    where = page(uri, tracking) or f"{uri}, experiment {experiment}"
    console.print(f"MLflow at {where}", soft_wrap=True)
    return tracking


def _once(lineages: Lineages, uri: str, tracking: MlflowTracking) -> dict[str, str]:
    """Shows the lineages; what is said of each that may have changed."""
    try:
        shown = lineages.sync(tracking)
    except import_module("mlflow").MlflowException as error:
        raise TrackingError(refusal(uri, error)) from error
    return {name: f"{name}: {_summary(runs)}" for name, runs in shown.items()}


def _summary(runs: list[TrackedRun]) -> str:
    """The jobs, points and statuses of a lineage and of its tuning jobs."""
    if not runs:
        return "no job yet"
    tops = [run for run in runs if not run.parent]
    below = len(runs) - len(tops)
    points = sum(len(run.points) for run in tops)
    return ", ".join([_count(below, "job"), _count(points, "point"), *(run.status for run in tops)])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
