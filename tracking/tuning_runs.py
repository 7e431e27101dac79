"""What a tracking server is to show of a tuning job: one run, and one below it for each trial.

Pure functions, as in tracked_runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from components.arns import region_of
from components.training_job.aws.console_pages import job_page
from components.training_job.reader.metric_logs import FoundAttempt
from components.training_job.reader.points import Point, milliseconds
from components.training_job.reader.run_attempts import Attempt
from components.training_job.reader.tunings import Tuning
from components.training_job.tuning.trials import of_the_script
from tracking.tracked_runs import (
    STATUSES,
    Known,
    TrackedRun,
    attempt_run,
    lost_before,
    provenance,
    spent,
)


class _Result(NamedTuple):
    """How a trial ended."""

    time_ms: int
    value: float
    name: str


def runs_of_tuning(
    lineage: str, tuning: Tuning, found: Sequence[FoundAttempt], known: Known, now: datetime
) -> list[TrackedRun]:
    """The run of a tuning job, and those of its trials, each with the points that were found."""
    runs = [_tuning_run(lineage, tuning, [trial for trial, _ in found])]
    for trial, own in found:
        lost = known(trial.arn, lost_before(trial, own, now))
        run = attempt_run(trial, lineage, tuning.arn, [*lost, *own])
        objective = "" if trial.objective is None else trial.objective
        runs.append(replace(run, kind="trial", tags={**run.tags, "objective": objective}))
    return runs


def _tuning_run(lineage: str, tuning: Tuning, trials: Sequence[Attempt]) -> TrackedRun:
    results = _results(trials)
    best = _best_so_far(tuning, results)
    metric = f"best/{tuning.objective['MetricName']}"
    definition: Mapping[str, Any] = tuning.description["TrainingJobDefinition"]
    return TrackedRun(
        key=tuning.arn,
        kind="tuning",
        name=tuning.name,
        lineage=lineage,
        parent="",
        status=STATUSES.get(tuning.status, "RUNNING"),
        started=tuning.created,
        ended=tuning.ended,
        parameters={
            **of_the_script(definition.get("StaticHyperParameters", {})),
            **{name: _as_text(each) for name, each in tuning.ranges.items()},
        },
        tags={
            **(provenance(trials[0]) if trials else {}),
            **spent(trials),
            "console_url": job_page(region_of(tuning.arn), "hyper-tuning-jobs", tuning.name),
            "failure_reason": tuning.description.get("FailureReason", ""),
            "strategy": tuning.config["Strategy"],
            "objective_metric": f"{tuning.objective['Type']} {tuning.objective['MetricName']}",
            "trials": len(trials),
            "best_trial": best[-1].name if best else "",
            "objective": best[-1].value if best else "",
        },
        points=[
            Point(metric, step, so_far.value, result.time_ms)
            for step, (result, so_far) in enumerate(zip(results, best, strict=True), start=1)
        ],
    )


def _results(trials: Iterable[Attempt]) -> list[_Result]:
    """The results of those trials that can be the best, in the order of their ends."""
    return sorted(
        _Result(milliseconds(trial.ended), trial.objective, trial.name)
        for trial in trials
        if trial.description["TrainingJobStatus"] == "Completed"
        and trial.objective is not None
        and trial.ended is not None
    )


def _best_so_far(tuning: Tuning, results: Iterable[_Result]) -> list[_Result]:
    """The best result after each of these."""
    better = min if tuning.objective["Type"] == "Minimize" else max
    return list(accumulate(results, lambda *both: better(both, key=lambda each: each.value)))


def _as_text(values: Mapping[str, Any]) -> str:
    """What a tuned hyperparameter may be."""
    if "Values" in values:
        return ", ".join(values["Values"])
    return f"{values['MinValue']} to {values['MaxValue']}"
