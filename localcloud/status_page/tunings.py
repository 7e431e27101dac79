"""The page's data of tuning jobs, as JSON documents; times are in epoch seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from localcloud.protocol.errors import not_found
from localcloud.sagemaker.jobs.records import training_job_arn
from localcloud.sagemaker.tuning.scheduler import most_trials
from localcloud.sagemaker.tuning.tuning_description import shown_trials
from localcloud.sagemaker.tuning.tuning_records import Trial, TuningJob

Document = dict[str, Any]


def overview(jobs: Iterable[TuningJob]) -> list[Document]:
    """A summary of each tuning job, the newest first."""
    return [_summary(job) for job in sorted(jobs, key=lambda job: job.created, reverse=True)]


def detail(jobs: Iterable[TuningJob], arn: str) -> Document:
    """The data of one tuning job. Raises ServiceError if there is none."""
    job = next((job for job in jobs if job.arn == arn), None)
    if job is None:
        raise not_found()
    best, trials = job.best, shown_trials(job)
    return {
        **_summary(job),
        "minimises": job.minimises,
        "reason": job.end.reason if job.ended is not None and job.end is not None else "",
        "warmStart": len(job.inherited),
        "trials": [_trial(job, each) | {"best": each is best} for each in trials],
    }


def _summary(job: TuningJob) -> Document:
    best, trials = job.best, shown_trials(job)
    return {
        "name": job.name,
        "arn": job.arn,
        "region": job.region,
        "status": job.status,
        "created": job.created,
        "ended": job.ended,
        "now": time.time(),
        "strategy": job.config["Strategy"],
        "objective": job.objective,
        "best": None if best is None else best.value,
        "launched": len(trials),
        "running": sum(each.live for each in trials),
        "most": most_trials(job),
    }


def _trial(job: TuningJob, trial: Trial) -> Document:
    end = trial.ended or time.time()
    return {
        "number": trial.number,
        "name": trial.name,
        "arn": training_job_arn(*job.place, trial.name),
        "status": trial.status,
        "parameters": trial.parameters,
        "value": trial.value,
        "counts": trial.objective_status == "Succeeded",
        "seconds": trial.seconds if trial.seconds is not None else end - trial.created,
    }
