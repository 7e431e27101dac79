"""The training jobs as SageMaker knows them; boto3, no Pulumi."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from components.training_job.run.job_names import lineage_jobs
from components.training_job.run.outcome import is_live
from development.stack_file import StackFile
from development.terminal import CommandError


def names_of(lineages: Iterable[str]) -> re.Pattern[str]:
    """The pattern of the full names of the lineages' jobs.

    A name is the lineage, the hash of the definition and the number of the attempt.
    """
    return re.compile(rf"(?:{'|'.join(map(re.escape, lineages))})-[0-9a-f]{{8}}-[1-9]\d*")


def runs_of(sagemaker: Any, lineages: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yields the newest jobs of the lineages, and all that are live, the newest first."""
    jobs = [job for lineage in lineages for job in lineage_jobs(sagemaker, lineage)]
    yield from sorted(jobs, key=lambda job: job["CreationTime"], reverse=True)


def lineages_of(settings: StackFile, job: str | None) -> list[str]:
    """The lineages of all jobs of the settings, or of one.

    Raises:
        CommandError: there is no such job; the message lists the jobs.

    """
    names = settings.job_names()
    if job is not None and job not in names:
        known = ", ".join(names) or "none"
        message = f"There is no job {job!r} in {settings.path.name}; there is: {known}."
        raise CommandError(message)
    return [settings.lineage(name) for name in names if job in (None, name)]


def any_live(sagemaker: Any, lineages: Iterable[str]) -> bool:
    """Whether a job of the lineages has not ended yet."""
    return any(is_live(each) for each in runs_of(sagemaker, lineages))


def stop_live(sagemaker: Any, lineages: Iterable[str]) -> list[str]:
    """Asks the service to stop the lineages' running jobs, and returns their names."""
    stopped = []
    for summary in runs_of(sagemaker, lineages):
        if summary["TrainingJobStatus"] == "InProgress":
            sagemaker.stop_training_job(TrainingJobName=summary["TrainingJobName"])
            stopped.append(str(summary["TrainingJobName"]))
    return stopped
