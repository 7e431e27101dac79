"""Which live jobs a lineage's next launch adopts, or stops before: its runs and its trials."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from components.training_job.aws.found_jobs import Job
from components.training_job.preflight.account import Account
from components.training_job.request.job_inputs import JobInputs
from components.training_job.request.job_tags import LINEAGE_TAG
from components.training_job.run.job_names import TRIAL_ENDING, run_of

_OF_A_TRIAL = rf"[0-9a-f]{{8}}-\d{{1,3}}{TRIAL_ENDING}"
"""How a trial's name ends: the tuning job's hash and attempt, then what the service adds."""


def own_jobs(account: Account, inputs: JobInputs, jobs: Iterable[Job]) -> Iterator[Job]:
    """Those of the jobs that are of the lineage.

    The names of its trials may be like those of another lineage: these have the same tags as their
    tuning jobs.
    """
    trials = []
    for job in jobs:
        if run_of(inputs.lineage, job):
            yield job
        elif _is_named_like_a_trial(inputs, job):
            trials.append((job, account.tags(inputs.region, job["TrainingJobArn"])))
    for job, tags in trials:
        if tags.result().get(LINEAGE_TAG) == inputs.lineage:
            yield job


def _is_named_like_a_trial(inputs: JobInputs, job: Job) -> bool:
    prefix = inputs.tuning_name_prefix
    pattern = rf"{re.escape(prefix or '')}{_OF_A_TRIAL}"
    return bool(prefix) and re.fullmatch(pattern, job["TrainingJobName"]) is not None
