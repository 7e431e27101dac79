"""What the commands print: lines of other programs, outputs, jobs, what to try next, errors."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from components.training_job.reader.tunings import FoundTuning
from components.training_job.run.job_health import pending_notice
from components.training_job.tuning.trials import Trial, cost_of
from components.training_job.tuning.tuning_state import progress_line
from development.log_lines import LogLine

console = Console(highlight=False)
if not console.is_terminal:
    console.width = 400  # a file or a program gets no name that is cut

Make = Callable[[str, str], str]
"""The command that a person types for a target of the Makefile and a stack."""


class Failure(Enum):
    """Where an operation of the engine failed."""

    PREVIEW = auto()
    """In the preview, so that nothing was changed."""
    JOB = auto()
    """In a training job, and nowhere else."""
    INTERRUPTED = auto()
    """By Ctrl-C."""
    OTHER = auto()


Job = Mapping[str, Any]

_STYLES = {
    "Completed": "green",
    "Failed": "red",
    "InProgress": "cyan",
    "Stopping": "yellow",
    "Stopped": "yellow",
}

_MOST_TRIALS = 20
"""How many trials of a tuning job are printed."""
_SHOWN = ("completed", "in_progress", "stopped", "non_retryable_error")
"""The counters of a tuning job's trials that are printed."""
_WITH_A_MODEL = ("Completed", "Stopped")
"""The statuses of a job that has uploaded its model."""
_DIGITS = 8
"""How many characters of a number are printed."""


class CommandError(Exception):
    """A command can't go on; the message, without a traceback, says why and what to do."""


def print_line(line: str) -> None:
    """Prints a line of another program as it is, with its colours, and without line breaks."""
    console.print(Text.from_ansi(line), soft_wrap=True)


def log_line(line: LogLine) -> Text:
    """A log line with the job and the instance that wrote it."""
    return Text.assemble((f"{line.job} {line.host} │ ", "dim"), Text.from_ansi(line.message))


def print_plain_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """Prints the stack's outputs that are no jobs, if there are any."""
    plain = {name: value for name, value in sorted(outputs.items()) if name not in _JOBS}
    if plain:
        _print_pairs(console, "Stack outputs", plain.items())


def print_outputs(console: Console, outputs: Mapping[str, Any]) -> None:
    """Prints the stack's outputs, then each job."""
    print_plain_outputs(console, outputs)
    for output, (title, pairs) in _JOBS.items():
        for name, job in sorted(outputs.get(output, {}).items()):
            _print_pairs(console, f"{title} {name}", pairs(job))


def print_results(console: Console, outputs: Mapping[str, Any]) -> None:
    """Prints each job in a line: how it ended, with its time, cost and metrics.

    Of the only job of a stack, the metrics and the model have lines of their own.
    """
    jobs = [
        (Text(f"{_JOBS[output][0]} {name}: ", "bold"), job, list(_RESULTS[output](job)))
        for output in _JOBS
        for name, job in sorted(outputs.get(output, {}).items())
    ]
    for title, job, results in jobs:
        only = len(jobs) == 1
        facts = [*_ending(job), *([] if only else results)]
        console.print(title + Text(", ").join(map(_text, facts)), soft_wrap=True)
        below = results if only else []
        if only and job.get("model_uri") and job.get("status") in _WITH_A_MODEL:
            below = [*below, f"model {job['model_uri']}"]
        for line in below:
            console.print(Text(f"  {line}"), soft_wrap=True)
        if reason := job.get("failure_reason"):
            console.print(Text(f"  {reason}", "red"), soft_wrap=True)


def _ending(job: Job) -> Iterator[Text | str]:
    """How a job ended, after how long, and what it cost; how it is, if it has not ended."""
    if job.get("name"):
        status = _status(job.get("status", ""), job.get("secondary_status", ""))
        yield Text.assemble(job["name"], "  ", status)
    else:
        yield "not launched"
    if job.get("training_seconds"):
        yield f"{_seconds(job['training_seconds'])} of training"
        if job.get("billable_seconds", job["training_seconds"]) != job["training_seconds"]:
            yield f"{_seconds(job['billable_seconds'])} of it billed"
        yield f"{_dollars(job.get('cost_usd'))} at AWS's list price"
    if job.get("cost_ceiling_usd"):
        yield f"ceiling {_dollars(job['cost_ceiling_usd'])}"


def _job_results(job: Job) -> Iterator[str]:
    metrics = sorted(job.get("metrics", {}).items())
    if metrics:
        yield ", ".join(f"final {name} {_measured(value)}" for name, value in metrics)


def _tuning_results(job: Job) -> Iterator[str]:
    counted = {name: count for name, count in job.get("counters", {}).items() if count}
    if trials := [f"{_in_words(name)} {counted[name]:.0f}" for name in _SHOWN if name in counted]:
        yield f"trials {', '.join(trials)}"
    if best := job.get("best_training_job"):
        objective = f"{job['objective_metric']} = {_value(job['objective_value'])}"
        hyperparameters = job["best_hyperparameters"].items()
        values = ", ".join(f"{name} {_value(value)}" for name, value in hyperparameters)
        yield f"best trial {best}: {objective} with {values}"


def print_jobs(console: Console, jobs: Iterable[Job], explained: Collection[Job]) -> None:
    """Prints the answers of DescribeTrainingJob as a table, and why a job waits.

    Of those in `explained`, it also prints why they have failed.
    """
    notices = []
    table = Table(
        Column("Training job", overflow="fold"),
        *("Status", "Training", "Billable"),
        title="Jobs",
        title_justify="left",
    )
    for job in jobs:
        status = _status(job["TrainingJobStatus"], job.get("SecondaryStatus", ""))
        times = (job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds"))
        table.add_row(job["TrainingJobName"], status, *map(_seconds, times))
        failure = job.get("FailureReason") if job in explained else None
        if notice := pending_notice(job, datetime.now(UTC)) or failure:
            notices.append(f"{job['TrainingJobName']}: {notice}")
    if table.row_count:
        console.print(table)
    else:
        console.print("No training job was launched yet.")
    for notice in notices:
        console.print(Text(notice), soft_wrap=True)


def print_tunings(console: Console, tunings: Iterable[FoundTuning]) -> None:
    """Prints how far each tuning job is, and its trials as a table, the best first."""
    for found in tunings:
        tuning, trials = found
        console.print(f"\n{tuning.name}  {progress_line(tuning.description)}", soft_wrap=True)
        if trials:
            console.print(_trials_table(found))
            more = len(trials) - _MOST_TRIALS
            if more > 0:
                console.print(f"{more} more trials are on the status page.")
            console.print(f"Cost of the trials that have ended: {_dollars(cost_of(trials))}")


def print_after_failure(console: Console, make: Make, stack: str, failure: Failure) -> None:
    """Prints what to do after a `make up` that failed."""
    up = make("up", stack)
    if failure is not Failure.JOB:
        print_remedy(console, up, failure)
        return
    console.print("[bold]What to do next[/bold]")
    for command, purpose in (
        (make("logs", stack), "prints all that the job wrote"),
        (make("report", stack), "writes how it ran, as a page with curves"),
        (up, "launches it again when you have corrected it"),
    ):
        console.print(f"  {command:<32} [dim]{purpose}[/dim]", soft_wrap=True)


def print_remedy(console: Console, command: str, failure: Failure) -> None:
    """Prints what to do after a command that failed or was interrupted."""
    then = {
        Failure.PREVIEW: f"Nothing was changed. Correct what is named above, then `{command}`.",
        Failure.INTERRUPTED: f"Interrupted. `{command}` goes on where this one stopped, and "
        "launches no job twice.",
    }
    other = (
        f"Correct what is named above. `{command}` goes on where this one stopped, and launches "
        "no job twice."
    )
    console.print("[bold]What to do next[/bold]")
    console.print(f"  {then.get(failure, other)}", soft_wrap=True)


def print_next(console: Console, jobs: Mapping[str, Job]) -> None:
    """Prints in three lines what to try after a successful `make up` of the default stack."""
    for label, (command, purpose) in zip(("Next:", "", ""), _suggestions(jobs), strict=False):
        line = Text.assemble((f"{label:<6}", "bold"), f"{command:<19}", (purpose, "dim"))
        console.print(line, soft_wrap=True)


def _suggestions(jobs: Mapping[str, Job]) -> Iterable[tuple[str, str]]:
    if any(job.get("status") == "Completed" for job in jobs.values()):
        yield "make predict", "loads the trained model, classifies held-out images"
        yield "make downstream", "registers the model, from a second stack that reads this one's"
    else:
        yield "make status", "shows the stack and its jobs"
        yield "make down", "destroys the stack and stops the local cloud"
    yield "docs/first-job.md", "how to train a script of your own, in ten minutes"


def _job_pairs(job: Job) -> Iterator[tuple[str, Any]]:
    yield "name", job.get("name") or "not launched"
    yield "status", _status(job.get("status", ""), job.get("secondary_status", ""))
    if reason := job.get("failure_reason"):
        yield "reason", Text(str(reason), "red")
    for metric, value in sorted(job.get("metrics", {}).items()):
        yield f"final {metric}", _measured(value)
    yield "training time", _seconds(job.get("training_seconds"))
    yield "billable time", f"{_seconds(job.get('billable_seconds'))} for each instance"
    yield "cost", f"{_dollars(job.get('cost_usd'))}, at a real account's list price"
    yield "cost ceiling", _dollars(job.get("cost_ceiling_usd"))
    yield "model", job.get("model_uri")
    yield "checkpoints", job.get("checkpoint_uri")


def _tuning_pairs(job: Job) -> Iterator[tuple[str, Any]]:
    # The best trial, times and cost are those of all attempts.
    counters, attempt = job.get("counters", {}), int(job.get("attempt") or 1)
    yield "name", job.get("name") or "not launched"
    yield "status", _status(job.get("status", ""), "")
    if reason := job.get("failure_reason"):
        yield "reason", Text(str(reason), "red")
    yield (
        "trials" if attempt == 1 else f"trials of attempt {attempt}",
        {_in_words(name): f"{counters[name]:.0f}" for name in _SHOWN if name in counters},
    )
    if parents := job.get("warm_start_parents"):
        yield "learns from", parents
    yield "best trial", job.get("best_training_job")
    yield f"best {job.get('objective_metric')}", _value(job.get("objective_value"))
    yield "best hyperparameters", dict(job.get("best_hyperparameters", {}))
    yield "training time", f"{_seconds(job.get('training_seconds'))} of all trials"
    yield "billable time", f"{_seconds(job.get('billable_seconds'))} for each instance"
    yield "cost", f"{_dollars(job.get('cost_usd'))}, at a real account's list price"
    yield "cost ceiling", _dollars(job.get("cost_ceiling_usd"))
    yield "model of the best", job.get("model_uri")
    yield (
        "table of the trials" if attempt == 1 else f"table of attempt {attempt}",
        job.get("trials_uri"),
    )
    yield "checkpoints", job.get("checkpoint_uri")


_JOBS: Mapping[str, tuple[str, Callable[[Job], Iterator[tuple[str, Any]]]]] = {
    "training_jobs": ("Training job", _job_pairs),
    "tuning_jobs": ("Tuning job", _tuning_pairs),
}
"""The outputs that are jobs: their titles, and what is printed of each."""

_RESULTS: Mapping[str, Callable[[Job], Iterator[str]]] = {
    "training_jobs": _job_results,
    "tuning_jobs": _tuning_results,
}
"""What came out of a job, by the same outputs."""


def _trials_table(found: FoundTuning) -> Table:
    tuning, trials = found
    tuned = sorted(tuning.ranges)
    columns = ("Trial", *tuned, tuning.objective["MetricName"], "Status", "Training", "Cost")
    table = Table(*columns, title="Trials, the best first", title_justify="left")
    for trial in trials[:_MOST_TRIALS]:
        values = (_value(trial.hyperparameters.get(name)) for name in tuned)
        seconds, cost = (
            (_seconds(trial.seconds), _dollars(trial.cost_usd)) if trial.has_ended else ("–", "–")
        )
        table.add_row(
            _number(trial),
            *map(Text, values),
            _value(trial.objective),
            _status(trial.status, ""),
            seconds,
            cost,
        )
    return table


def _number(trial: Trial) -> str:
    """The attempt and the number of a trial, from its name."""
    attempt, number, _ = trial.name.rsplit("-", 3)[1:]
    return f"{attempt}-{number}"


def _print_pairs(console: Console, title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Prints names and values; a value stays in one line, so that URIs can be copied."""
    console.print(f"\n[bold]{title}[/bold]")
    for name, value in pairs:
        console.print(Text.assemble((f"  {name:<30}", "dim"), _text(value)), soft_wrap=True)


def _status(status: str, secondary: str) -> Text:
    text = f"{status} ({secondary})" if secondary not in ("", status) else status
    return Text(text, _STYLES.get(status, ""))


def _value(value: Any) -> str:
    """A hyperparameter's or an objective's value; a number with many digits is rounded."""
    text = str("–" if value in (None, "") else value)
    if len(text) <= _DIGITS or text.isdigit():
        return text
    try:
        return f"{float(text):.{_DIGITS - 2}g}"
    except ValueError:
        return text


def _measured(value: float) -> str:
    """A metric's value with four decimals; a smaller one with two digits, so that it is not zero.

    >>> _measured(0.98607), _measured(0.0000374), _measured(1200.0)
    ('0.9861', '3.7e-05', '1200')
    """
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.4f}"


def _without_exponent(value: Any) -> Any:
    """A number as people write it: 0.000096, not 9.6e-05; anything else as it is."""
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else value


def _in_words(name: str) -> str:
    return name.replace("_", " ")


def _seconds(value: Any) -> str:
    return "–" if value is None else f"{value:.0f} s"


def _dollars(value: Any) -> str:
    """An amount with four decimals, and a smaller one not as zero; a text as it is."""
    if not isinstance(value, int | float):
        return str(value or "–")
    return "under 0.0001 USD" if 0 < value < 0.0001 else f"{value:.4f} USD"


def _text(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    if isinstance(value, dict):
        value = [f"{name} {_without_exponent(each)}" for name, each in value.items()]
    return Text(", ".join(map(str, value)) if isinstance(value, list) else str(value or "–"))
