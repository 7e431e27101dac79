"""The names of a lineage's jobs: `<lineage>-<definition hash>-<attempt>`.

The service has no client token for CreateTrainingJob: the name, unique per account and region, is
what makes a second launch of the same attempt impossible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class JobName:
    """A training job's name, taken apart."""

    lineage: str
    definition_hash: str
    attempt: int

    def __str__(self) -> str:
        """The name as the service knows it."""
        return f"{self.lineage}-{self.definition_hash}-{self.attempt}"


def parse_job_name(lineage: str, name: str) -> JobName | None:
    """The parts of a name of this lineage; None for a name of another lineage."""
    match = re.fullmatch(rf"{re.escape(lineage)}-([0-9a-f]{{8}})-([1-9]\d*)", name)
    return JobName(lineage, match[1], int(match[2])) if match else None


def next_job_name(lineage: str, definition_hash: str, taken: Iterable[str]) -> JobName:
    """The name of the next attempt at a definition, after those whose names are taken."""
    parsed = (parse_job_name(lineage, name) for name in taken)
    attempts = [name.attempt for name in parsed if name and name.definition_hash == definition_hash]
    return JobName(lineage, definition_hash, max(attempts, default=0) + 1)
