"""A run: one job of a lineage, as the service lists or describes it, and how its name is made.

The name is `<lineage>-<definition hash>-<attempt>`. The service has no client token for
CreateTrainingJob: the name, unique per account and region, is what makes a second launch of the
same attempt impossible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from components.training_job.aws.found_jobs import (
    Job,
    both,
    either,
    equals,
    found_jobs,
    newest_found,
)
from components.training_job.request.job_tags import HASH_TAG, LINEAGE_TAG, RELEASED_TAG
from components.training_job.run.outcome import LIVE_STATUSES, has_failed, is_live, outcome_of
from components.training_job.run.service_record import describe

HAS_NOT_ENDED = either(*(equals("TrainingJobStatus", each) for each in LIVE_STATUSES))
"""The condition of a search for the jobs that hold instances."""

TRIAL_ENDING = r"-\d{3,}-[0-9a-f]{8}"
"""How the name of a trial ends: what the service adds to the name of its tuning job."""

_JUST_NOW = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """One job of a lineage; status and ARN are "" where only its name is known."""

    lineage: str
    definition_hash: str
    attempt: int
    """Which attempt at its definition it is, from 1."""
    status: str = ""
    """TrainingJobStatus."""
    arn: str = ""
    has_failed: bool = False
    """Whether it ended without completing; one that was stopped has not failed."""
    is_released: bool = False
    """Whether a search shows that it was let go; where none does, only its tags say so."""
    created: datetime = _JUST_NOW
    """CreationTime; the latest there is where only its name is known."""

    @property
    def name(self) -> str:
        """The name as the service knows it."""
        return f"{self.lineage}-{self.definition_hash}-{self.attempt}"

    @property
    def is_live(self) -> bool:
        """Whether it holds its instances: it has not ended, nor is its record being deleted."""
        return self.status in LIVE_STATUSES


def run_of(lineage: str, job: Mapping[str, Any]) -> Run | None:
    """The run that a summary or a description is of; None for a job of another lineage."""
    pattern = rf"{re.escape(lineage)}-([0-9a-f]{{8}})-([1-9]\d*)"
    match = re.fullmatch(pattern, job["TrainingJobName"])
    if match is None:
        return None
    known = "TrainingJobStatus" in job
    return Run(
        lineage,
        definition_hash=match[1],
        attempt=int(match[2]),
        status=job.get("TrainingJobStatus", ""),
        arn=job.get("TrainingJobArn", ""),
        has_failed=known and has_failed(outcome_of(job)),
        is_released=any(tag["Key"] == RELEASED_TAG for tag in job.get("Tags", [])),
        created=job.get("CreationTime", _JUST_NOW),
    )


def lineage_runs(client: Any, lineage: str, definition_hash: str = "") -> list[Run]:
    """The newest runs of a lineage, newest first, with all that are live.

    Of a lineage with more than a hundred runs these are the newest hundred, and the newest of the
    definition: their number is what the next attempt's follows from.
    """
    found = (run_of(lineage, job) for job in lineage_jobs(client, lineage, definition_hash))
    return [run for run in found if run]


def lineage_jobs(client: Any, lineage: str, definition_hash: str = "") -> Iterator[Job]:
    """The jobs of `lineage_runs`, as the service lists, finds or describes them.

    A job that only the search shows as live is described, as it may have ended since. One that it
    shows as ended has ended.
    """
    found = found_jobs(client, lambda: _searched(client, lineage, definition_hash))
    for job in found.jobs:
        # The trials of a tuning job have its tags.
        if run_of(lineage, job) is None or "TuningJobArn" in job:
            continue
        if job["TrainingJobName"] not in found.from_search or not is_live(job):
            yield job
        elif (description := describe(client, job["TrainingJobName"])) is not None:
            yield description


def _searched(client: Any, lineage: str, definition_hash: str) -> Iterator[Job]:
    """What a search finds of a lineage: one call, or three if it has more than a hundred runs."""
    of_lineage = equals(f"Tags.{LINEAGE_TAG}", lineage)
    newest, is_all = newest_found(client, of_lineage)
    yield from newest
    if is_all:
        return
    yield from newest_found(client, both(of_lineage, HAS_NOT_ENDED))[0]
    if definition_hash:
        of_definition = equals(f"Tags.{HASH_TAG}", definition_hash)
        yield from newest_found(client, both(of_lineage, of_definition))[0]


def next_run(lineage: str, definition_hash: str, taken: Iterable[Run]) -> Run:
    """The next attempt at a definition, after those whose names are taken."""
    attempts = [run.attempt for run in taken if run.definition_hash == definition_hash]
    return Run(lineage, definition_hash, max(attempts, default=0) + 1)


def try_after(definition_hash: str, older: Iterable[Run]) -> int:
    """Which try in a row a run is that follows these, newest first.

    One that completed, was stopped, or ran another definition ends the row.
    """
    failures = takewhile(
        lambda run: run.has_failed and run.definition_hash == definition_hash, older
    )
    return 1 + sum(1 for _ in failures)


def try_of_launch(definition_hash: str, runs: Sequence[Run]) -> int:
    """Which try in a row a launch would be; one that is live already would be adopted."""
    for index, run in enumerate(runs):
        if run.is_live and run.definition_hash == definition_hash:
            return try_after(definition_hash, runs[index + 1 :])
    return try_after(definition_hash, runs)
