"""What a tracking server is to show of a lineage: one run, and one below it for each attempt.

Pure functions: from the attempts, their points, and the points that the server has already.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from components.arns import region_of
from components.training_job.aws.console_pages import job_page
from components.training_job.aws.images import digest_in
from components.training_job.reader.metric_logs import FoundAttempt
from components.training_job.reader.points import Point, continued, milliseconds, numbered
from components.training_job.reader.run_attempts import Attempt
from components.training_job.request.cost import total_of
from components.training_job.request.job_tags import HASH_TAG
from components.training_job.tuning.trials import of_the_script

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
"""How a run is, in MLflow's words."""

Kind = Literal["lineage", "attempt", "tuning", "trial"]

Tag = str | int | float | bool
"""A fact about a run."""

STATUSES: Mapping[str, Status] = {
    "Completed": "FINISHED",
    "Failed": "FAILED",
    "Stopped": "KILLED",
    "Deleting": "KILLED",
}
_SHORTEST_RETENTION = timedelta(days=1)
"""No log group of CloudWatch loses its events earlier."""

Known = Callable[[str, int], Sequence[Point]]
"""The points that the server has of a run, by its key, from before a time in milliseconds."""


@dataclass(frozen=True)
class TrackedRun:
    """One run of a tracking server."""

    key: str
    """What it is found by: the ARN of its job; that of a lineage has the lineage in place of it."""
    kind: Kind
    name: str
    lineage: str
    parent: str
    """The key of the run that it is below; "" for a lineage and for a tuning job."""
    status: Status
    started: datetime
    ended: datetime | None
    parameters: Mapping[str, str]
    tags: Mapping[str, Tag]
    points: Sequence[Point]
    """All of them have a step."""
    job: str = ""
    """The name of its job, or of its newest one; "" for a tuning job."""
    note: str = ""
    """Its description, in Markdown."""


def runs_of_lineage(
    lineage: str, found: Sequence[FoundAttempt], known: Known, now: datetime
) -> list[TrackedRun]:
    """The run of a lineage, and those of its attempts; none where it has no attempts.

    Args:
        lineage: the lineage's name.
        found: its attempts, the oldest first, each with the points that were found.
        known: the points that the server has already.
        now: the time of the points.
    """
    if not found:
        return []
    key = lineage_key(found[0][0], lineage)
    attempts, joined, runs = [attempt for attempt, _ in found], list[Point](), []
    # Before the first of these there may be older ones, as only the newest hundred are looked at.
    begins = [0, *(milliseconds(attempt.created) for attempt in attempts[1:]), sys.maxsize]
    for number, (attempt, own) in enumerate(found):
        lost = min(lost_before(attempt, own, now), begins[number + 1])
        of_attempt = known(attempt.arn, lost)
        runs.append(attempt_run(attempt, lineage, key, [*of_attempt, *own]))
        if of_attempt or number == 0:
            joined += [each for each in known(key, lost) if each.time_ms >= begins[number]]
        joined += own
    curves = continued(sorted(joined, key=lambda point: point.time_ms))
    return [_lineage_run(key, lineage, attempts, in_order(curves)), *runs]


def lineage_key(attempt: Attempt, lineage: str) -> str:
    """The key of a lineage: two accounts or regions may have lineages of one name."""
    return f"{attempt.arn.rpartition('/')[0]}/{lineage}"


def lost_before(attempt: Attempt, found: Sequence[Point], now: datetime) -> int:
    """The time before which the log may have lost points, so that those on the server count."""
    horizon = milliseconds(now - _SHORTEST_RETENTION)
    first = min((point.time_ms for point in found), default=horizon)
    return max(milliseconds(attempt.created), min(first, horizon))


def attempt_run(attempt: Attempt, lineage: str, parent: str, points: Sequence[Point]) -> TrackedRun:
    """The run of one attempt. Its curves are not cut back: they show what it did, also twice."""
    return TrackedRun(
        key=attempt.arn,
        kind="attempt",
        name=attempt.name,
        lineage=lineage,
        parent=parent,
        status=status_of(attempt),
        started=attempt.created,
        ended=attempt.ended,
        parameters=hyperparameters(attempt),
        tags={
            **provenance(attempt),
            **spent([attempt]),
            "job": attempt.arn,
            "outcome": attempt.outcome,
            "failure_reason": attempt.progress["failure_reason"],
            "model_uri": _model_uri(attempt),
        },
        points=in_order(numbered(points)),
        job=attempt.name,
    )


def _lineage_run(
    key: str, lineage: str, attempts: Sequence[Attempt], points: Sequence[Point]
) -> TrackedRun:
    """The run of a lineage: it begins with its first attempt, and is as its newest one is."""
    newest = attempts[-1]
    models = [uri for uri in map(_model_uri, reversed(attempts)) if uri]
    return TrackedRun(
        key=key,
        kind="lineage",
        name=lineage,
        lineage=lineage,
        parent="",
        status=status_of(newest),
        started=attempts[0].created,
        ended=newest.ended,
        parameters=hyperparameters(newest),
        tags={
            **provenance(newest),
            **spent(attempts),
            "attempts": len(attempts),
            "newest_job": newest.arn,
            "outcome": newest.outcome,
            "failure_reason": newest.progress["failure_reason"],
            "model_uri": models[0] if models else "",
        },
        points=points,
        job=newest.name,
        note=_table(attempts),
    )


def status_of(attempt: Attempt) -> Status:
    """How an attempt is: a job that was stopped, by a person or by a limit, was killed."""
    return STATUSES.get(attempt.description["TrainingJobStatus"], "RUNNING")


def hyperparameters(attempt: Attempt) -> dict[str, str]:
    """The hyperparameters of an attempt, without those that are SageMaker's own."""
    return of_the_script(attempt.description.get("HyperParameters", {}))


def provenance(attempt: Attempt) -> dict[str, Tag]:
    """What an attempt was made of and where it ran; "" for what is not known."""
    description, record = attempt.description, attempt.record
    revision: Mapping[str, Any] = record.get("revision", {})
    checkpoints: Mapping[str, str] = description.get("CheckpointConfig", {})
    return {
        "commit": revision.get("commit") or "",
        "commit_modified": revision.get("modified", ""),
        "image": description["AlgorithmSpecification"].get("TrainingImage", ""),
        "image_digest": record.get("image_digest") or digest_in(description),
        "source_hash": record.get("source_hash", ""),
        "source_uri": record.get("source_uri", ""),
        "definition_hash": attempt.tags.get(HASH_TAG, ""),
        "checkpoint_uri": checkpoints.get("S3Uri", ""),
        "instance_type": attempt.progress["instance_type"],
        "instance_count": attempt.progress["instance_count"],
        "spot": description.get("EnableManagedSpotTraining", False),
        "console_url": job_page(region_of(attempt.arn), "jobs", attempt.name),
    }


def spent(attempts: Iterable[Attempt]) -> dict[str, Tag]:
    """Interruptions, seconds and USD of some attempts together."""
    each = [attempt.progress for attempt in attempts]
    counts = ("interruptions", "training_seconds", "billable_seconds")
    return {
        **{name: sum(one[name] for one in each) for name in counts},
        "cost_usd": total_of(one["cost_usd"] for one in each),
    }


def _table(attempts: Sequence[Attempt]) -> str:
    """The attempts as a table in Markdown."""
    lines = [
        "| attempt | outcome | interruptions | billable seconds | USD |",
        "|---|---|---|---|---|",
    ]
    for attempt in attempts:
        own = attempt.progress
        cells = (attempt.outcome, own["interruptions"], own["billable_seconds"], own["cost_usd"])
        lines.append(f"| {' | '.join([attempt.name, *map(str, cells)])} |")
    return "\n".join(lines)


def _model_uri(attempt: Attempt) -> str:
    """Where the model is, as SageMaker says once it has uploaded one."""
    model: Mapping[str, str] = attempt.description.get("ModelArtifacts", {})
    return model.get("S3ModelArtifacts", "")


def in_order(curves: Mapping[str, list[Point]]) -> list[Point]:
    """The points of all curves, in the order of their times."""
    points = [point for curve in curves.values() for point in curve]
    return sorted(points, key=lambda point: point.time_ms)
