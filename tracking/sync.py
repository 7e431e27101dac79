"""`python -m tracking sync`: shows lineages on a tracking server, once or while their jobs run."""

from __future__ import annotations

import time
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from tracking import mlflow_server, wandb_server
from tracking.errors import TrackingError
from tracking.servers import Server
from tracking.shown_lineages import Lineages
from tracking.tracked_runs import TrackedRun

FOLLOW_SECONDS = 15.0
"""How long it waits between two looks at jobs that run; an assumption of what people like."""


def synchronize(console: Console, lineages: Lineages, uri: str, experiment: str) -> None:
    """Shows the lineages as they are now.

    Raises:
        TrackingError: the server can't be reached, or it refuses.
    """
    for line in _once(lineages, _connected(console, uri, experiment)).values():
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
    server: Server | None = _connected(console, uri, experiment)
    console.print("[dim]Following the jobs; Ctrl-C ends it.[/dim]")
    said: dict[str, str] = {}
    while True:
        try:
            # What the server has is known only as long as every call succeeds.
            server = server or _connect(uri, experiment)
            for name, line in _once(lineages, server).items():
                if said.get(name) != line:
                    console.print(line, soft_wrap=True)
                said[name] = line
        except (TrackingError, BotoCoreError, ClientError) as error:
            console.print(str(error), style="yellow", soft_wrap=True)
            server = None
        pause(FOLLOW_SECONDS)


def _connect(uri: str, experiment: str) -> Server:
    if uri.startswith(wandb_server.SCHEME):
        return wandb_server.connect(uri, experiment)
    return mlflow_server.connect(uri, experiment)


def _connected(console: Console, uri: str, experiment: str) -> Server:
    server = _connect(uri, experiment)
    console.print(server.page, soft_wrap=True)
    return server


def _once(lineages: Lineages, server: Server) -> dict[str, str]:
    """Shows the lineages; what is said of each that may have changed."""
    try:
        shown = lineages.sync(server.tracking)
    except server.errors as error:
        raise server.refusal(error) from error
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
