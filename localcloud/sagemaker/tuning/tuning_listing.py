"""The lists of tuning jobs and of their trials: filters, order and pages as pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from localcloud.protocol.paging import Key, after, cut, last_key
from localcloud.sagemaker.api.listing import DEFAULT_PAGE, satisfies
from localcloud.sagemaker.tuning import tuning_description
from localcloud.sagemaker.tuning.tuning_records import Trial, TuningJob

Document = dict[str, Any]

_JOBS: Mapping[str, Callable[[TuningJob], Key]] = {
    "CreationTime": lambda job: (job.created, job.name),
    "Name": lambda job: (job.name,),
    "Status": lambda job: (job.status, job.created, job.name),
}
_TRIALS: Mapping[str, Callable[[Trial], Key]] = {
    "CreationTime": lambda trial: (trial.created, trial.number),
    "Name": lambda trial: (trial.name,),
    "Status": lambda trial: (trial.status, trial.created, trial.number),
    "FinalObjectiveMetricValue": lambda trial: (trial.value, trial.number),
}


def list_tuning_jobs(jobs: Iterable[TuningJob], request: Document) -> Document:
    """One page of summaries. As with training jobs, a page is cut first and then filtered."""
    shown, more = _page(list(jobs), _JOBS, request)
    page = [
        tuning_description.summarise(job) for job in shown if satisfies(job, job.status, request)
    ]
    return {"HyperParameterTuningJobSummaries": page, **more}


def list_trials(job: TuningJob, request: Document) -> Document:
    """One page of a tuning job's training jobs.

    In the order of the objective, those without one are left out (API reference).
    """
    trials = tuning_description.shown_trials(job)
    if request.get("SortBy") == "FinalObjectiveMetricValue":
        trials = [each for each in trials if each.objective_status == "Succeeded"]
    shown, more = _page(trials, _TRIALS, request)
    wanted = request.get("StatusEquals")
    page = [
        tuning_description.summarise_trial(job, each)
        for each in shown
        if wanted in {None, each.status}
    ]
    return {"TrainingJobSummaries": page, **more}


def _page(
    entries: list[Any], keys: Mapping[str, Callable[[Any], Key]], request: Document
) -> tuple[list[Any], Document]:
    by = request.get("SortBy", "CreationTime")
    # The newest first, as for training jobs; another order begins with the smallest.
    descending = request.get("SortOrder", "Descending" if by == "CreationTime" else "") == (
        "Descending"
    )
    order = f"{by} {descending}"
    ordered = sorted(entries, key=keys[by], reverse=descending)
    rest = after(
        last_key(request.get("NextToken"), order), ordered, keys[by], descending=descending
    )
    return cut(rest, keys[by], order, request, DEFAULT_PAGE)
