"""The resources of training jobs, as a program uses them."""

# No `from __future__ import annotations` here: Pulumi evaluates the outputs' annotations for each
# job, and would have to compile each of them from text.

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.lineages import TrainingJobLineagesProvider
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.cost import OVERHEAD_SECONDS
from components.training_job.request.job_inputs import ADDED_BY_CHECK, JobInputs
from components.training_job.request.training_request import (
    Placement,
    fallback_requests,
    training_request,
)
from components.training_job.request.tuning_request import tuning_config
from components.training_job.run.job_state import JobState
from components.training_job.settings.job_settings import JobSettings
from components.training_job.tuning.tuning_provider import TuningJobProvider
from components.training_job.tuning.tuning_state import TuningState

_DEADLINE_MARGIN_SECONDS = 1800
_OUTPUTS = (*(each.name for each in fields(JobState)), *ADDED_BY_CHECK)
_TUNING_OUTPUTS = (*(each.name for each in fields(TuningState)), *ADDED_BY_CHECK)


class TrainingJob(Resource, module="sagemaker", name="TrainingJob"):
    """One SageMaker training job, launched once.

    Its creation ends when the service has accepted the job; `TrainingJobCompletion` waits for
    its end. Names, ARNs and URIs are fixed at launch; status, times and cost are those of the
    last refresh.
    """

    training_job_name: pulumi.Output[str]
    """The job's name, "" while it is not launched.

    Each other field of `JobState`, and each input, is an output, too; `job_report` reads them.
    """

    def __init__(
        self,
        name: str,
        inputs: JobInputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = dict.fromkeys(_OUTPUTS) | inputs.properties()
        super().__init__(TrainingJobProvider(), name, props, _deleted_before_replaced(opts))


class TuningJob(Resource, module="sagemaker", name="TuningJob"):
    """A job that is tuned: one SageMaker hyperparameter tuning job, launched once.

    Its inputs are those of a training job, of which one is how its hyperparameters are varied. Its
    trials are training jobs that SageMaker launches.
    """

    tuning_job_name: pulumi.Output[str]
    """The tuning job's name, "" while it is not launched.

    Each other field of `TuningState`, and each input, is an output, too.
    """

    nothing_left: pulumi.Output[bool]
    """Whether it was to go on, and enough trials had succeeded already."""

    def __init__(
        self,
        name: str,
        inputs: JobInputs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = dict.fromkeys(_TUNING_OUTPUTS) | inputs.properties()
        super().__init__(TuningJobProvider(), name, props, _deleted_before_replaced(opts))


class TrainingJobLineages(Resource, module="sagemaker", name="TrainingJobLineages"):
    """The lineages of a stack's jobs; its update ends the jobs of those that left the stack.

    It must be registered before all jobs, and they name it in `depends_on` only: as an input it
    would be unknown in a preview, and each job with it.
    """

    def __init__(
        self,
        name: str,
        lineages: Mapping[str, str],
        owner: pulumi.Input[str],
        account_id: str,
        region: str,
        opts: pulumi.ResourceOptions | None = None,
        tunings: Mapping[str, str] | None = None,
    ) -> None:
        """`lineages` has the lineage of each job by the name of its resource.

        `tunings` has, of those that are tuned, what the names of their tuning jobs begin with.
        """
        props = {
            "lineages": dict(lineages),
            "owner": owner,
            "account_id": account_id,
            "region": region,
            **({"tunings": dict(tunings)} if tunings else {}),
        }
        super().__init__(TrainingJobLineagesProvider(), name, props, opts)


class TrainingJobCompletion(Resource, module="sagemaker", name="TrainingJobCompletion"):
    """The end of any number of jobs of both kinds; fails where one of them did not complete."""

    results: pulumi.Output[dict[str, dict[str, Any]]]
    """How each job ended, by its name: status, outcome, seconds, cost in USD, final metrics."""

    def __init__(
        self,
        name: str,
        jobs: Mapping[str, TrainingJob | TuningJob],
        settings: Sequence[JobSettings],
        region: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        trained = {name: job for name, job in jobs.items() if isinstance(job, TrainingJob)}
        tuned = {name: job for name, job in jobs.items() if isinstance(job, TuningJob)}
        props = {
            "jobs": list(trained),
            "training_job_names": [job.training_job_name for job in trained.values()],
            "deadline_seconds": completion_deadline(settings),
            "region": region,
            "results": None,
        }
        if tuned:
            props["tuned_jobs"] = list(tuned)
            props["tuning_job_names"] = [job.tuning_job_name for job in tuned.values()]
            props["nothing_left"] = [job.nothing_left for job in tuned.values()]
        super().__init__(TrainingJobCompletionProvider(), name, props, opts)


def _deleted_before_replaced(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a job, of which no two may run at once.

    A flag in the provider's diff does not cover `pulumi up --replace`; the option does.
    """
    own = pulumi.ResourceOptions(delete_before_replace=True)
    return pulumi.ResourceOptions.merge(own, opts)


def completion_deadline(settings: Sequence[JobSettings]) -> int:
    """Seconds until the last of these jobs must have ended by its own limits, and a margin."""
    limits = (_longest_seconds(job) for job in settings)
    return max(limits, default=0) + _DEADLINE_MARGIN_SECONDS


def _longest_seconds(job: JobSettings) -> int:
    """Seconds until a job must have ended, with the start and the upload of trials in a row."""
    if job.tuning is None or job.tuning.trial_limit is None:
        return max(variant.longest_seconds for variant in job.variants)
    in_a_row = math.ceil(job.tuning.trial_limit / job.tuning.parallel)
    return job.longest_seconds + in_a_row * OVERHEAD_SECONDS


def job_inputs(job: JobSettings, placement: Placement, **others: Any) -> JobInputs:
    """The inputs of a job: those that its settings and placement say, and all others by name."""
    return JobInputs(
        request=training_request(job, placement),
        fallbacks=fallback_requests(job, placement) or None,
        tuning=tuning_config(job.tuning) if job.tuning else None,
        warm_start=job.tuning.warm_start if job.tuning else None,
        expected_seconds=job.expected_runtime,
        paused=job.paused,
        relaunch=job.relaunch,
        max_attempts=job.max_attempts,
        run_id=job.run_id,
        **others,
    )
