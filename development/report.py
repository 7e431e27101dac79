"""What the commands print: outputs, jobs and what to try next, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from development.log_lines import LogLine

Job = Mapping[str, Any]

_STYLES = {
    "Completed": "green",
    "Failed": "red",
    "InProgress": "cyan",
    "Stopping": "yellow",
    "Stopped": "yellow",
}


def log_line(line: LogLine) -> Text:
    """Return a log line with the job and the instance that wrote it."""
    return Text.assemble((f"{line.job} {line.host} │ ", "dim"), Text.from_ansi(line.message))


def print_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """Print the stack's outputs, and each job's as a table of its own."""
    table = _table("Stack outputs")
    for name, value in sorted(outputs.items()):
        if name != "training_jobs":
            table.add_row(name, _text(value))
    console.print(table)
    for name, job in sorted(outputs.get("training_jobs", {}).items()):
        console.print(_job_table(name, job))


def print_jobs(console: Console, jobs: Iterable[Job]) -> None:
    """Print the jobs as DescribeTrainingJob has them, one a row."""
    table = Table(
        "Training job", "Status", "Training", "Billable", title="Jobs", title_justify="left"
    )
    for job in jobs:
        status = _status(job["TrainingJobStatus"], job.get("SecondaryStatus", ""))
        times = (job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds"))
        table.add_row(job["TrainingJobName"], status, *map(_seconds, times))
    if table.row_count:
        console.print(table)
    else:
        console.print("No training job was launched yet.")


def print_next(console: Console, jobs: Mapping[str, Job]) -> None:
    """Print what to try after a successful `make up`."""
    console.print("[bold]What to try next[/bold]")
    for command, purpose in _suggestions(jobs):
        console.print(f"  {command:<58} [dim]{purpose}[/dim]", soft_wrap=True, highlight=False)


def _suggestions(jobs: Mapping[str, Job]) -> Iterable[tuple[str, str]]:
    yield "make up", "again: nothing changes, nothing is launched"
    yield "edit a hyperparameter in Pulumi.dev.yaml, then make up", "a new job on the same lineage"
    yield "make pause, while a job runs; then make up", "stops it; goes on from its checkpoint"
    if any(job.get("status") == "Completed" for job in jobs.values()):
        yield "make predict", "loads the trained model, classifies held-out images"
    yield "make status · make logs · make down", "look, read, clean up"


def _job_table(name: str, job: Job) -> Table:
    table = _table(f"Training job {name}")
    table.add_row("job", job.get("name") or "not launched")
    table.add_row("status", _status(job.get("status", ""), job.get("secondary_status", "")))
    if reason := job.get("failure_reason"):
        table.add_row("reason", Text(str(reason), "red"))
    for metric, value in sorted(job.get("metrics", {}).items()):
        table.add_row(f"final {metric}", f"{value:.4f}")
    table.add_row("training time", _seconds(job.get("training_seconds")))
    table.add_row("billable time", f"{_seconds(job.get('billable_seconds'))} for each instance")
    table.add_row("cost", f"{_dollars(job.get('cost_usd'))}, on a real account at list price")
    table.add_row("cost ceiling", _dollars(job.get("cost_ceiling_usd")))
    table.add_row("model", _text(job.get("model_uri")))
    table.add_row("checkpoints", _text(job.get("checkpoint_uri")))
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column(style="bold", no_wrap=True)
    # Names and URIs are there to be copied, so they wrap rather than being cut.
    table.add_column(overflow="fold")
    return table


def _status(status: str, secondary: str) -> Text:
    text = f"{status} ({secondary})" if secondary not in ("", status) else status
    return Text(text, _STYLES.get(status, ""))


def _seconds(value: Any) -> str:
    return "–" if value is None else f"{value:.0f} s"


def _dollars(value: Any) -> str:
    return f"{value:.4f} USD" if isinstance(value, int | float) else str(value or "–")


def _text(value: Any) -> Text:
    return Text(", ".join(map(str, value)) if isinstance(value, list) else str(value or "–"))
