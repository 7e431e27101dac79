"""What a tracking server is to show of a tuning job: one run, and one below it for each trial.

Pure functions, as in tracked_runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from components.arns import console
from components.training_job.reader.points import Point
from tracking.tracked_runs import (
    STATUSES,
    Known,
    TrackedRun,
    attempt_run,
    lost_before,
    milliseconds,
    of_the_script,
    provenance,
    spent,
)
from tracking.tunings import Trial, Tuning


def runs_of_tuning(
    lineage: str, tuning: Tuning, points: Sequence[Sequence[Point]], known: Known, now: datetime
) -> list[TrackedRun]:
    """The run of a tuning job, and those of its trials, each with the points that were found."""
    runs = [_tuning_run(lineage, tuning)]
    for trial, own in zip(tuning.trials, points, strict=True):
        attempt = trial.attempt
        lost = known(attempt.arn, lost_before(attempt, own, now))
        run = attempt_run(attempt, lineage, tuning.arn, [*lost, *own])
        objective = "" if trial.objective is None else trial.objective
        runs.append(replace(run, kind="trial", tags={**run.tags, "objective": objective}))
    return runs


def _tuning_run(lineage: str, tuning: Tuning) -> TrackedRun:
    best = _best(tuning)
    definition: Mapping[str, Any] = tuning.description["TrainingJobDefinition"]
    config: Mapping[str, Any] = tuning.description["HyperParameterTuningJobConfig"]
    attempts = [trial.attempt for trial in tuning.trials]
    region = tuning.arn.split(":")[3]
    page = f"{console(region)}/sagemaker/home?region={region}#/hyper-tuning-jobs/{tuning.name}"
    return TrackedRun(
        key=tuning.arn,
        kind="tuning",
        name=tuning.name,
        lineage=lineage,
        parent="",
        status=STATUSES.get(tuning.description["HyperParameterTuningJobStatus"], "RUNNING"),
        started=tuning.description["CreationTime"],
        ended=tuning.ended,
        parameters={
            **of_the_script(definition.get("StaticHyperParameters", {})),
            **_ranges(config.get("ParameterRanges", {})),
        },
        tags={
            **provenance(attempts[0]),
            **spent(attempts),
            "console_url": page,
            "failure_reason": tuning.description.get("FailureReason", ""),
            "strategy": config["Strategy"],
            "objective_metric": f"{tuning.objective['Type']} {tuning.objective['MetricName']}",
            "trials": len(attempts),
            "best_trial": best.attempt.name if best else "",
            "objective": "" if best is None or best.objective is None else best.objective,
        },
        points=list(_best_so_far(tuning)),
    )


def _best_so_far(tuning: Tuning) -> Iterator[Point]:
    """The best objective after each trial that ended with one."""
    better = min if tuning.objective["Type"] == "Minimize" else max
    metric, best = f"best/{tuning.objective['MetricName']}", None
    for step, (ended, value) in enumerate(sorted(_results(tuning)), start=1):
        best = value if best is None else better(best, value)
        yield Point(metric, step, best, ended)


def _results(tuning: Tuning) -> Iterator[tuple[int, float]]:
    for trial in tuning.trials:
        if _counts(trial) and trial.attempt.ended and trial.objective is not None:
            yield milliseconds(trial.attempt.ended), trial.objective


def _counts(trial: Trial) -> bool:
    known = trial.objective is not None and math.isfinite(trial.objective)
    return known and trial.attempt.description["TrainingJobStatus"] == "Completed"


def _best(tuning: Tuning) -> Trial | None:
    sign = 1 if tuning.objective["Type"] == "Minimize" else -1
    counted = filter(_counts, tuning.trials)
    return min(counted, key=lambda trial: sign * (trial.objective or 0), default=None)


def _ranges(ranges: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """What each tuned hyperparameter may be, as text."""
    return {
        each["Name"]: ", ".join(each["Values"])
        if "Values" in each
        else f"{each['MinValue']} to {each['MaxValue']}"
        for kind in ranges.values()
        for each in kind
        if "Name" in each
    }
