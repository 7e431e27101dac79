"""The runs of a recurring job: how they are found, and which of them may start. boto3, no Pulumi.

Each run is a lineage of its own. What all of them begin with, the job's own lineage, is in a tag of
every job that is launched for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.training_job.aws.errors import TrainingJobError
from components.training_job.aws.found_jobs import (
    Condition,
    Job,
    both,
    equals,
    found_jobs,
    newest_found,
)
from components.training_job.request.job_tags import (
    LINEAGE_TAG,
    OWNER_TAG,
    RECURRING_TAG,
    RELEASED_TAG,
)
from components.training_job.run.job_names import HAS_NOT_ENDED, Run, lineage_runs, run_of
from components.training_job.run.outcome import is_live
from components.training_job.run.service_record import describe, tags_of


def refuse_another_run(client: Any, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
    """Refuses to start another run while the recorded one is live, or if it was made before.

    Raises:
        TrainingJobError: with the remedy.
    """
    name = olds["training_job_name"]
    if not name or olds["lineage"] == news["lineage"]:
        return
    run = news["lineage"].removeprefix(f"{news['recurring']}-")
    description = describe(client, name)
    if description is not None and is_live(description):
        raise TrainingJobError(
            f"the run {run} of {news['recurring']} can't start: {name} is still live. Wait for its "
            "end, then run the same command again; or set paused: true in the job and run `pulumi "
            "up`, which stops it."
        )
    for earlier in lineage_runs(client, news["lineage"]):
        if earlier.status == "Completed" and RELEASED_TAG in tags_of(client, earlier.arn):
            raise TrainingJobError(
                f"the run {run} of {news['recurring']} completed before {name} was launched, as "
                f"{earlier.name}, and a run is made once. Set run to another value."
            )


def completed_runs(client: Any, owner: str, job: str) -> Iterator[Run]:
    """The newest jobs of all runs of an owner's recurring job that completed, newest first."""
    runs = newest_runs(client, owner, job, equals("TrainingJobStatus", "Completed"))
    return (run for run in runs if run.status == "Completed")


def newest_runs(client: Any, owner: str, job: str, *conditions: Condition) -> Iterator[Run]:
    """The jobs of `jobs_of_runs`, as far as they are an owner's."""
    for found, tags in jobs_of_runs(client, job, *conditions):
        run = run_of(tags.get(LINEAGE_TAG, ""), found)
        if run is not None and tags.get(OWNER_TAG) == owner:
            yield run


def jobs_of_runs(
    client: Any, job: str, *conditions: Condition
) -> Iterator[tuple[Job, dict[str, str]]]:
    """The newest jobs of all runs of a recurring job, with their tags, newest first.

    Those with no conditions are the newest hundred and all that are live. One that only the search
    shows as live is described, as it may have ended since.
    """
    of_job = both(equals(f"Tags.{RECURRING_TAG}", job), *conditions)

    def search() -> Iterator[Job]:
        newest, is_all = newest_found(client, of_job)
        yield from newest
        if not is_all and not conditions:
            yield from newest_found(client, both(of_job, HAS_NOT_ENDED))[0]

    found = found_jobs(client, search)
    name = re.compile(rf"{re.escape(job)}-[a-z0-9-]+-[0-9a-f]{{8}}-[1-9]\d*")
    for each in found.jobs:
        if not name.fullmatch(each["TrainingJobName"]):
            continue
        tags = tags_of(client, each["TrainingJobArn"])
        if tags.get(RECURRING_TAG) != job:
            continue
        if each["TrainingJobName"] not in found.from_search or not is_live(each):
            yield each, tags
        elif (description := describe(client, each["TrainingJobName"])) is not None:
            yield description, tags
