"""What the report of a lineage says, as values; how they look is not said here. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from components.arns import region_of
from components.training_job.aws.console_pages import job_page, log_page
from components.training_job.forecast.trial_model import Trials
from components.training_job.reader.metric_logs import FoundAttempt
from components.training_job.reader.run_attempts import Attempt, output_uri
from components.training_job.reader.tunings import FoundTuning, Tuning
from components.training_job.run.job_state import warnings_of
from components.training_job.run.outcome import has_failed, remedy_for
from components.training_job.run.run_record import RUN_RECORD
from components.training_job.run_report.changes import Change, changes, hyperparameters, provenance
from components.training_job.run_report.curves import MOST_CHARTS, Curve, curves_of
from components.training_job.run_report.phases import Span, TimeAxis, seconds_by_phase, spans_of
from components.training_job.run_report.quantities import counted, dollars, number, time_taken
from components.training_job.run_report.spending import (
    Spending,
    foreseen_of,
    foresight,
    spending_of,
    spending_of_trials,
)
from components.training_job.run_report.trial_tables import TrialTable, trials_in
from components.training_job.tuning import tuning_outcome
from components.training_job.tuning.attempts import attempt_number, earlier_names, succeeded_in
from components.training_job.tuning.trials import Trial, cost_of
from components.training_job.tuning.tuning_record import uri_of
from components.training_job.tuning.warm_start import is_grid

_MOST_RESULTS = 8
_ENDINGS = {
    "completed": "completed",
    "running": "is running",
    "stopped": "was stopped",
    "out of wait": "was stopped, as its wait was over",
    "out of runtime": "was stopped, as its runtime was over",
    "capacity": "got no capacity",
}


@dataclass(frozen=True)
class Found:
    """What was read of a lineage."""

    lineage: str
    attempts: Sequence[FoundAttempt] = ()
    """Its training jobs, the oldest first."""
    log: Sequence[str] = ()
    """The last log lines of the newest job, if it has failed."""
    tunings: Sequence[FoundTuning] = ()
    """Its tuning jobs, the oldest first."""
    complete: Collection[str] = ()
    """The names of the tuning jobs that the stack knows to have nothing left to try."""
    earlier: Sequence[Mapping[str, Any]] = ()
    """The stack's jobs that had ended before the newest run began, as SageMaker describes them."""

    @property
    def is_tuned(self) -> bool:
        """Whether its newest job is a tuning job."""
        if not self.attempts or not self.tunings:
            return bool(self.tunings)
        return self.tunings[-1][0].created > self.attempts[-1][0].created

    @property
    def run(self) -> Sequence[Attempt]:
        """The attempts of the newest run: those after the last one before it that completed."""
        attempts = [attempt for attempt, _ in self.attempts]
        ended = (
            each
            for each in range(len(attempts) - 1, 0, -1)
            if attempts[each - 1].outcome == "completed"
        )
        return attempts[next(ended, 0) :]

    @property
    def tuning_run(self) -> Sequence[Tuning]:
        """The attempts at the newest tuning job's definition, which go on with each other."""
        newest = self.tunings[-1][0].name
        names = (*earlier_names(newest), newest)
        return [tuning for tuning, _ in self.tunings if tuning.name in names]

    @property
    def has_nothing_left(self) -> bool:
        """Whether as many trials have succeeded in the newest tuning run as it was to make.

        Its newest attempt may have been stopped then, and is complete. A grid is tried as a whole
        by each attempt.
        """
        run = self.tuning_run
        if run[-1].name in self.complete:
            return True
        first = run[0]
        most = first.config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
        if most is None or is_grid(first.config) or attempt_number(first.name) != 1:
            return False
        return sum(succeeded_in(each.description) for each in run) >= int(most)

    @property
    def began(self) -> tuple[datetime, Mapping[str, str]] | None:
        """When the newest run was launched, and the tags of its first job; None without a job."""
        if self.is_tuned:
            first = self.tuning_run[0]
            return first.created, first.tags
        return (self.run[0].created, self.run[0].tags) if self.attempts else None


@dataclass(frozen=True)
class Fact:
    """A figure with its name."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """The line of an attempt in the timeline."""

    number: int
    attempt: Attempt
    end: datetime
    """When it ended; the time of the report for one that is live."""
    spans: Sequence[Span]
    pause: timedelta
    """How long there was no attempt before it."""

    @property
    def begin(self) -> datetime:
        """When the attempt was launched."""
        return self.attempt.created

    @property
    def seconds(self) -> float:
        """How long the attempt took."""
        return (self.end - self.begin).total_seconds()

    @property
    def phases(self) -> Mapping[str, float]:
        """Seconds in each phase."""
        return seconds_by_phase(self.spans)


@dataclass(frozen=True)
class Link:
    """An address, of a page or of something in S3."""

    name: str
    address: str
    is_page: bool


@dataclass(frozen=True)
class RunReport:
    """All that the page of a lineage shows."""

    lineage: str
    folder: str
    """Where the record of the newest job is in S3."""
    made: datetime
    outcome: str
    """completed, running, stopped, or the class of the failure."""
    sentence: str
    remedy: str
    """What can be done after a failure; "" without one."""
    facts: Sequence[Fact]
    warnings: Sequence[str] = ()
    """What is wrong with the metrics of the newest job."""
    rows: Sequence[Row] = ()
    axis: TimeAxis | None = None
    curves: Sequence[Curve] = ()
    curves_left_out: int = 0
    spending: Spending | None = None
    """That of the newest run."""
    spent_on: str = ""
    """Whose cost that is, in words."""
    foresight: Mapping[str, str] = field(default_factory=dict)
    """What the forecast from before the newest run's launch said, by what it is about."""
    provenance: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    compared: tuple[str, str] | None = None
    """The names of the runs that `changes` compares; None where there are no two records."""
    log: Sequence[str] = ()
    links: Sequence[Link] = ()
    trials: TrialTable | None = None
    tunings: Sequence[Fact] = ()

    @property
    def has_failed(self) -> bool:
        """Whether the newest job ended without completing, and was not stopped by a person."""
        return has_failed(self.outcome)


def report_of(found: Found, now: datetime) -> RunReport | None:
    """The report of a lineage; None for one that has no job yet."""
    if found.is_tuned:
        return _of_tunings(found, now)
    return _of_attempts(found, now) if found.attempts else None


# --- training jobs --------------------------------------------------------------------------


def _of_attempts(found: Found, now: datetime) -> RunReport:
    attempts = [attempt for attempt, _ in found.attempts]
    newest = attempts[-1]
    outcome = newest.outcome
    rows, run = _rows(attempts, now), found.run
    first = run[0]
    foreseen = foreseen_of(first.description, first.tags, first.record, found.earlier)
    took = sum(row.seconds for row in rows[-len(run) :])
    curves = curves_of(found.attempts)
    records = [(each.name, each.record) for each in attempts[-2:] if each.record]
    both = records if len(records) == 2 else None
    return RunReport(
        lineage=found.lineage,
        folder=output_uri(newest, "").rstrip("/"),
        made=now,
        outcome=outcome,
        sentence=_sentence(attempts, now),
        remedy=_remedy(outcome),
        facts=[
            *_times(rows),
            *_money(spending_of(attempts)),
            *_results(curves),
            _instances(newest),
        ],
        warnings=list(warnings_of(newest.description)),
        rows=rows,
        axis=TimeAxis([(row.begin, row.end) for row in rows]),
        curves=curves[:MOST_CHARTS],
        curves_left_out=max(0, len(curves) - MOST_CHARTS),
        spending=spending_of(run, foreseen),
        spent_on=_attempts_in_words(len(run), len(attempts)),
        foresight=foresight(foreseen, took, is_tuned=False),
        provenance=provenance(newest.record),
        hyperparameters=hyperparameters(newest.record)
        or dict(newest.description.get("HyperParameters", {})),
        changes=changes(both[0][1], both[1][1]) if both else (),
        compared=(both[0][0], both[1][0]) if both else None,
        log=found.log if has_failed(outcome) else (),
        links=_links(newest),
    )


def _attempts_in_words(run: int, all_: int) -> str:
    """The attempts of the newest run, of all attempts."""
    if run == all_:
        return "the attempts" if all_ > 1 else "the attempt"
    first = all_ - run + 1
    return f"attempt {all_}" if run == 1 else f"attempts {first} to {all_}"


def _sentence(attempts: Sequence[Attempt], now: datetime) -> str:
    """How the lineage's newest job ended, and after how much."""
    newest = attempts[-1]
    state = newest.progress
    outcome = newest.outcome
    interruptions = sum(each.progress["interruptions"] for each in attempts)
    history = (
        f"{counted(len(attempts), 'attempt')}, {counted(interruptions, 'interruption')}"
        if interruptions or len(attempts) > 1
        else "one attempt, no interruption"
    )
    if newest.ended is None:
        doing = state["secondary_status"] or state["status"]
        return f"The newest job is running ({doing}), at {moment(now)}: {history}."
    ending = _ENDINGS.get(outcome, f"failed ({outcome})")
    reason = state["failure_reason"]
    because = f" {reason.rstrip('.')}." if reason else ""
    return f"The newest job {ending} on {moment(newest.ended)}: {history}.{because}"


def _remedy(outcome: str) -> str:
    """What to do after a failure; a terminal has the log above, and the page has it below."""
    return remedy_for(outcome).replace("log above", "log below") if has_failed(outcome) else ""


def _rows(attempts: Sequence[Attempt], now: datetime) -> list[Row]:
    rows: list[Row] = []
    for number_, attempt in enumerate(attempts, start=1):
        before = rows[-1].end if rows else attempt.created
        rows.append(
            Row(
                number=number_,
                attempt=attempt,
                end=max(attempt.ended or now, attempt.created),
                spans=spans_of(attempt, now),
                pause=max(attempt.created - before, timedelta()),
            )
        )
    return rows


def _times(rows: Sequence[Row]) -> list[Fact]:
    begin, end = rows[0].begin, max(row.end for row in rows)
    phases = seconds_by_phase(span for row in rows for span in row.spans)
    paused = sum((row.pause for row in rows), timedelta()).total_seconds()
    note = f"{time_taken(paused)} of it between attempts" if paused >= 1 else ""
    whole = Fact("From first launch to end", time_taken((end - begin).total_seconds()), note)
    training = phases.get("training", 0.0)
    interruptions = sum(span.phase == "interrupted" for row in rows for span in row.spans)
    return [
        whole,
        # SageMaker's training time, which is billed, also has the download and the upload.
        Fact(
            "Training phase", time_taken(training), "of all attempts, without download and upload"
        ),
        Fact("Attempts", str(len(rows)), counted(interruptions, "interruption")),
    ]


def _money(spending: Spending) -> list[Fact]:
    billed, saved = spending.billed, spending.saved_percent
    cost = billed if isinstance(billed, str) else dollars(billed)
    facts = [Fact("Cost", cost, "at list prices of us-east-1")]
    if saved is not None:
        kept = float(spending.on_demand) - float(spending.billed)
        facts.append(
            Fact("Saved by spot", f"{saved:.0f} %", f"{dollars(kept)} less than on demand")
        )
    return facts


def _results(curves: Sequence[Curve]) -> list[Fact]:
    """The metrics that have only one value: results, which have no curve."""
    found = [each for each in curves if each.count == 1][:_MOST_RESULTS]
    return [Fact(each.metric, number(each.last), "result") for each in found]


def _instances(newest: Attempt) -> Fact:
    state = newest.progress
    spot = "spot" if newest.description.get("EnableManagedSpotTraining") else "on demand"
    return Fact("Instances", str(state["instance_count"]), f"{state['instance_type']}, {spot}")


def _links(newest: Attempt) -> list[Link]:
    arn = str(newest.description["TrainingJobArn"])
    region, name = region_of(arn), newest.name
    model = newest.description.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    checkpoints = newest.description.get("CheckpointConfig", {}).get("S3Uri", "")
    found = [
        Link("Job in the console", job_page(region, "jobs", name), is_page=True),
        Link("Log in the console", log_page(region, f"{name}/"), is_page=True),
        Link("Model", model, is_page=False),
        Link("Checkpoints", checkpoints, is_page=False),
        Link("Record of the run", output_uri(newest, RUN_RECORD), is_page=False),
    ]
    return [each for each in found if each.address]


# --- tuning jobs ----------------------------------------------------------------------------


def _of_tunings(found: Found, now: datetime) -> RunReport:
    tunings = [tuning for tuning, _ in found.tunings]
    newest, trials = tunings[-1], trials_in(found.tunings)
    records = [(each.name, each.record) for each in tunings[-2:] if each.record]
    both = records if len(records) == 2 else None
    run = found.tuning_run
    outcome = tuning_outcome.outcome_of(newest.description, nothing_left=found.has_nothing_left)
    took = sum(((each.ended or now) - each.created for each in run), timedelta())
    foreseen = foreseen_of(
        run[0].request, run[0].tags, run[0].record, found.earlier, _planned_trials(run[0])
    )
    return RunReport(
        lineage=found.lineage,
        folder=uri_of(newest.description, "").rstrip("/"),
        made=now,
        outcome=outcome,
        sentence=_tuning_sentence(newest, trials, outcome, now),
        remedy=(
            tuning_outcome.remedy_for(outcome).replace("logs above", "logs")
            if has_failed(outcome)
            else ""
        ),
        facts=_tuning_facts(tunings, trials, now),
        spending=spending_of_trials(
            _trials_of(run, trials), run[0].request, run[0].config, foreseen
        ),
        spent_on=f"the trials of {counted(len(run), 'tuning job')}",
        foresight=foresight(foreseen, took.total_seconds(), is_tuned=True),
        provenance=provenance(newest.record),
        hyperparameters=hyperparameters(newest.record),
        changes=changes(both[0][1], both[1][1]) if both else (),
        compared=(both[0][0], both[1][0]) if both else None,
        links=_tuning_links(newest),
        trials=trials,
        tunings=[_tuning_row(each) for each in tunings],
    )


def _planned_trials(first: Tuning) -> Trials:
    limits = first.config["ResourceLimits"]
    return Trials(
        limits.get("MaxNumberOfTrainingJobs"),
        limits["MaxParallelTrainingJobs"],
        limits.get("MaxRuntimeInSeconds", inf),
    )


def _trials_of(run: Sequence[Tuning], trials: TrialTable | None) -> list[Trial]:
    """The trials of some tuning jobs: their names begin with that of their tuning job."""
    beginnings = tuple(f"{each.name}-" for each in run)
    return [each for each in (trials.all if trials else ()) if each.name.startswith(beginnings)]


def _tuning_sentence(newest: Tuning, trials: TrialTable | None, outcome: str, now: datetime) -> str:
    status = _ENDINGS.get(outcome, f"failed ({outcome})")
    reason = str(newest.description.get("FailureReason", "")).rstrip(".")
    because = f" {reason}." if reason else ""
    best = trials.best if trials else None
    result = (
        f" The best of {counted(len(trials.all), 'trial')} has {trials.metric} "
        f"{number(best.objective)}."
        if trials and best and best.objective is not None
        else " No trial has ended with a value of the objective that is known."
    )
    return f"The newest tuning job {status} on {moment(newest.ended or now)}.{result}{because}"


def _tuning_facts(
    tunings: Sequence[Tuning], trials: TrialTable | None, now: datetime
) -> list[Fact]:
    taken = (tunings[-1].ended or now) - tunings[0].created
    facts = [Fact("From first launch to end", time_taken(taken.total_seconds()))]
    if trials is None:
        return facts
    cost = cost_of(trials.all)
    training = sum(each.seconds for each in trials.all)
    completed = sum(each.status == "Completed" for each in trials.all)
    facts += [
        Fact("Training", time_taken(training), "of all trials together"),
        Fact("Trials", str(len(trials.all)), f"{completed} completed"),
        Fact("Cost", cost if isinstance(cost, str) else dollars(cost), "all trials"),
    ]
    if trials.best and trials.best.objective is not None:
        facts.append(Fact(f"Best {trials.metric}", number(trials.best.objective)))
    return facts


def _tuning_links(newest: Tuning) -> list[Link]:
    region = region_of(newest.arn)
    page = job_page(region, "hyper-tuning-jobs", newest.name)
    logs = log_page(region, f"{newest.name}-")
    return [
        Link("Job in the console", page, is_page=True),
        Link("Logs of the trials in the console", logs, is_page=True),
        Link("Record of the run", uri_of(newest.description, RUN_RECORD), is_page=False),
    ]


def _tuning_row(tuning: Tuning) -> Fact:
    counters = tuning.description.get("TrainingJobStatusCounters", {})
    trials = ", ".join(f"{count} {name}" for name, count in counters.items() if count)
    return Fact(tuning.name, tuning.status, trials)


# --- words ----------------------------------------------------------------------------------


def moment(time: datetime) -> str:
    """A time in UTC, to the minute."""
    return time.astimezone(UTC).strftime("%d %b %Y, %H:%M UTC").lstrip("0")
