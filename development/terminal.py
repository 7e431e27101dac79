"""What the commands print: lines of other programs, outputs, jobs, what to try next, errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from development.log_lines import LogLine

console = Console(highlight=False)

Job = Mapping[str, Any]

_STYLES = {
    "Completed": "green",
    "Failed": "red",
    "InProgress": "cyan",
    "Stopping": "yellow",
    "Stopped": "yellow",
}


class CommandError(Exception):
    """A command can't go on; the message, without a traceback, says why and what to do."""


def print_line(line: str) -> None:
    """Prints a line of another program as it is, with its colours, and without line breaks."""
    console.print(Text.from_ansi(line), soft_wrap=True)


def log_line(line: LogLine) -> Text:
    """A log line with the job and the instance that wrote it."""
    return Text.assemble((f"{line.job} {line.host} │ ", "dim"), Text.from_ansi(line.message))


def print_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """Prints the stack's outputs, then each job."""
    jobs = outputs.get("training_jobs", {})
    plain = {name: value for name, value in sorted(outputs.items()) if value is not jobs}
    _print_pairs(console, "Stack outputs", plain.items())
    for name, job in sorted(jobs.items()):
        _print_pairs(console, f"Training job {name}", _job_pairs(job))


def print_jobs(console: Console, jobs: Iterable[Job]) -> None:
    """Prints the answers of DescribeTrainingJob as a table, one job per row."""
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
    """Prints what to try after a successful `make up` of the default stack."""
    console.print("\n[bold]What to try next[/bold]")
    for command, purpose in _suggestions(jobs):
        console.print(f"  {command:<56} [dim]{purpose}[/dim]", soft_wrap=True)


def _suggestions(jobs: Mapping[str, Job]) -> Iterable[tuple[str, str]]:
    yield "make up", "again: nothing changes, nothing is launched"
    yield (
        "set epochs: 60 in Pulumi.dev.yaml, then make up",
        "a new job; resumes from the checkpoint",
    )
    yield "make pause, while a job runs; then make up", "stops it; resumes from its checkpoint"
    if any(job.get("status") == "Completed" for job in jobs.values()):
        yield "make predict", "loads the trained model, classifies held-out images"
        yield "make downstream", "registers the model, from a second stack that reads this one's"
    yield "make status · make logs · make down", "show the state, print the logs, clean up"


def _job_pairs(job: Job) -> Iterator[tuple[str, Any]]:
    yield "name", job.get("name") or "not launched"
    yield "status", _status(job.get("status", ""), job.get("secondary_status", ""))
    if reason := job.get("failure_reason"):
        yield "reason", Text(str(reason), "red")
    for metric, value in sorted(job.get("metrics", {}).items()):
        yield f"final {metric}", f"{value:.4f}"
    yield "training time", _seconds(job.get("training_seconds"))
    yield "billable time", f"{_seconds(job.get('billable_seconds'))} for each instance"
    yield "cost", f"{_dollars(job.get('cost_usd'))}, at a real account's list price"
    yield "cost ceiling", _dollars(job.get("cost_ceiling_usd"))
    yield "model", job.get("model_uri")
    yield "checkpoints", job.get("checkpoint_uri")


def _print_pairs(console: Console, title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Prints names and values; a value stays in one line, so that URIs can be copied."""
    console.print(f"\n[bold]{title}[/bold]")
    for name, value in pairs:
        console.print(Text.assemble((f"  {name:<30}", "dim"), _text(value)), soft_wrap=True)


def _status(status: str, secondary: str) -> Text:
    text = f"{status} ({secondary})" if secondary not in ("", status) else status
    return Text(text, _STYLES.get(status, ""))


def _seconds(value: Any) -> str:
    return "–" if value is None else f"{value:.0f} s"


def _dollars(value: Any) -> str:
    return f"{value:.4f} USD" if isinstance(value, int | float) else str(value or "–")


def _text(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, dict):
        value = [f"{name} {each}" for name, each in value.items()]
    return Text(", ".join(map(str, value)) if isinstance(value, list) else str(value or "–"))
