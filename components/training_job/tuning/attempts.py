"""The tuning jobs of a lineage: how they are named, and how they are found. boto3, no Pulumi.

A tuning job's name has at most 32 characters, too few for a lineage. So it has eight hexadecimal
digits of a hash over lineage and definition, and the job's tags say which these are. As a training
job's name, it is unique per account and region, which makes a second launch of the same attempt
impossible.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from components.training_job.aws.errors import TrainingJobError, is_denied
from components.training_job.aws.found_jobs import (
    Job,
    both,
    either,
    equals,
    found_jobs,
    newest_found,
)
from components.training_job.aws.sagemaker_jobs import TUNING_JOB
from components.training_job.request.job_tags import (
    HASH_TAG,
    LINEAGE_TAG,
    OWNER_TAG,
    RELEASED_TAG,
)
from components.training_job.run.outcome import LIVE_STATUSES
from components.training_job.run.service_record import tags_of

_MOST_ATTEMPTS = 999
"""As many as the name has room for."""
_HAS_NOT_ENDED = either(*(equals("HyperParameterTuningJobStatus", each) for each in LIVE_STATUSES))
_NAME = re.compile(r".+-[0-9a-f]{8}-([1-9]\d*)")
_JUST_NOW = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Attempt:
    """One tuning job of a lineage."""

    name: str
    arn: str
    status: str
    """HyperParameterTuningJobStatus."""
    succeeded: int
    """How many of its trials have an objective."""
    tags: Mapping[str, str]
    created: datetime = _JUST_NOW
    """CreationTime."""

    @property
    def number(self) -> int:
        """Which attempt at its definition it is, from 1."""
        return attempt_number(self.name)

    @property
    def definition_hash(self) -> str:
        """The hash of the definition that it was launched with."""
        return self.tags.get(HASH_TAG, "")

    @property
    def owner(self) -> str:
        """The bucket of the stack that launched it."""
        return self.tags.get(OWNER_TAG, "")

    @property
    def is_released(self) -> bool:
        """Whether it was seen that it was let go."""
        return RELEASED_TAG in self.tags

    @property
    def is_live(self) -> bool:
        """Whether it may still start trials, or has trials that run."""
        return self.status in LIVE_STATUSES


def tuning_name(prefix: str, lineage: str, definition_hash: str, number: int) -> str:
    """The name of an attempt.

    Raises:
        TrainingJobError: there were as many attempts as the name has room for.
    """
    if number > _MOST_ATTEMPTS:
        raise TrainingJobError(
            f"{lineage} has had {_MOST_ATTEMPTS} tuning jobs with this definition, which is as "
            "many as their names have room for. Set another runId."
        )
    digest = hashlib.sha256(f"{lineage}/{definition_hash}".encode()).hexdigest()[:8]
    return f"{prefix}{digest}-{number}"


def attempt_number(name: str) -> int:
    """The number at the end of a tuning job's name, 0 for a name that is not one of ours."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def earlier_names(name: str) -> list[str]:
    """The names of the attempts before one at the same definition, whose trials count too."""
    base = name.rpartition("-")[0]
    return [f"{base}-{number}" for number in range(1, attempt_number(name))]


def lineage_attempts(client: Any, lineage: str, name_prefix: str) -> list[Attempt]:
    """The newest tuning jobs of a lineage, newest first: at most a hundred that are older.

    A list has no tags, so those of a new job that a search does not show yet are read. They are
    read of this stack's jobs only, which the prefix of their names shows.
    """
    found = found_jobs(client, lambda: _searched(client, lineage), TUNING_JOB)
    jobs = (_described(client, job, found.from_search) for job in found.jobs)
    attempts = (_attempt_of(client, job, name_prefix) for job in jobs if job)
    return [each for each in attempts if each and each.tags.get(LINEAGE_TAG) == lineage]


def live_attempts(client: Any, lineage: str) -> Iterator[Attempt]:
    """The live tuning jobs of a lineage that a search shows; none where it may not be made.

    This costs one call where there is none. What is too new for a search is not seen.
    """
    try:
        found, _ = newest_found(
            client, both(equals(f"Tags.{LINEAGE_TAG}", lineage), _HAS_NOT_ENDED), TUNING_JOB
        )
    except client.exceptions.ClientError as error:
        if not is_denied(error):
            raise
        return
    for job in found:
        description = TUNING_JOB.describe(client, TUNING_JOB.name_of(job))
        if description and TUNING_JOB.status_of(description) in LIVE_STATUSES:
            yield _attempt(description, tags_of(client, TUNING_JOB.arn_of(description)))


def try_after(definition_hash: str, older: Iterable[Attempt]) -> int:
    """Which try in a row an attempt is that follows these, newest first.

    One that completed, was stopped, or ran another definition ends the row.
    """
    failures = takewhile(
        lambda each: each.status == "Failed" and each.definition_hash == definition_hash, older
    )
    return 1 + sum(1 for _ in failures)


def succeeded_in(job: Mapping[str, Any]) -> int:
    """How many trials have an objective, from a description, a summary or a record of Search."""
    return int(job.get("ObjectiveStatusCounters", {}).get("Succeeded", 0))


def trials_in(job: Mapping[str, Any]) -> int:
    """How many trials there are, from a description, a summary or a record of Search."""
    return sum(job.get("TrainingJobStatusCounters", {}).values())


def _searched(client: Any, lineage: str) -> list[Job]:
    return newest_found(client, equals(f"Tags.{LINEAGE_TAG}", lineage), TUNING_JOB)[0]


def _described(client: Any, job: Job, from_search: frozenset[str]) -> Job | None:
    """A job as it is now: one that only the search shows as live may have ended since."""
    name = TUNING_JOB.name_of(job)
    if name not in from_search or TUNING_JOB.status_of(job) not in LIVE_STATUSES:
        return job
    description = TUNING_JOB.describe(client, name)
    return None if description is None else job | description


def _attempt_of(client: Any, job: Job, name_prefix: str) -> Attempt | None:
    """The attempt that was found; None for a job of another stack, or of another job of it."""
    if "Tags" in job:
        return _attempt(job, {tag["Key"]: tag["Value"] for tag in job["Tags"]})
    if not TUNING_JOB.name_of(job).startswith(name_prefix):
        return None
    return _attempt(job, tags_of(client, TUNING_JOB.arn_of(job)))


def _attempt(job: Mapping[str, Any], tags: Mapping[str, str]) -> Attempt:
    return Attempt(
        name=TUNING_JOB.name_of(job),
        arn=TUNING_JOB.arn_of(job),
        status=TUNING_JOB.status_of(job),
        succeeded=succeeded_in(job),
        tags=tags,
        created=job.get("CreationTime", _JUST_NOW),
    )
