"""`python -m tracking sync`: shows lineages on a tracking server, once or while their jobs run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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
    _once(console, lineages, uri, _connected(console, uri, experiment))


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
    while True:
        try:
            # What the server has is known only as long as every call succeeds.
            tracking = tracking or connect(uri, experiment)
            _once(console, lineages, uri, tracking)
        except (TrackingError, BotoCoreError, ClientError) as error:
            console.print(str(error), style="yellow", soft_wrap=True)
            tracking = None
        pause(FOLLOW_SECONDS)


def _connected(console: Console, uri: str, experiment: str) -> MlflowTracking:
    tracking = connect(uri, experiment)
    where = page(uri, tracking) or f"{uri}, experiment {experiment}"
    console.print(f"MLflow at {where}", soft_wrap=True)
    return tracking


def _once(console: Console, lineages: Lineages, uri: str, tracking: MlflowTracking) -> None:
    try:
        shown = lineages.sync(tracking)
    except import_module("mlflow").MlflowException as error:
        raise TrackingError(refusal(uri, error)) from error
    for line in _lines(shown):
        console.print(line, soft_wrap=True)


def _lines(shown: Mapping[str, list[TrackedRun]]) -> list[str]:
    """A line for each lineage: its attempts, the points of its curves, and its status."""
    return [
        f"{name}: {_count(len(runs) - 1, 'attempt')}, {_count(len(runs[0].points), 'point')}, "
        f"{runs[0].status}"
        if runs
        else f"{name}: no job yet"
        for name, runs in shown.items()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
