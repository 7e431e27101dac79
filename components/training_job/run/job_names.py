"""A run: one job of a lineage, as the service lists or describes it, and how its name is made.

The name is `<lineage>-<definition hash>-<attempt>`. The service has no client token for
CreateTrainingJob: the name, unique per account and region, is what makes a second launch of the
same attempt impossible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from components.training_job.run.outcome import LIVE_STATUSES, has_failed, outcome_of


@dataclass(frozen=True)
class Run:
    """One job of a lineage; status and ARN are "" where only its name is known."""

    lineage: str
    definition_hash: str
    attempt: int
    """Which run of its definition it is, from 1."""
    status: str = ""
    """TrainingJobStatus."""
    arn: str = ""
    has_failed: bool = False
    """Whether it ended without completing; one that was stopped has not failed."""

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
    )


def lineage_runs(client: Any, lineage: str) -> list[Run]:
    """All runs of a lineage, newest first."""
    pages = client.get_paginator("list_training_jobs").paginate(
        NameContains=lineage, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
    )
    found = (run_of(lineage, each) for page in pages for each in page["TrainingJobSummaries"])
    return [run for run in found if run]


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
