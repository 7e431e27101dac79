"""`TrainingJob` and `TrainingJobCompletion`, as a program uses them."""

# Without `from __future__ import annotations`: Pulumi evaluates the outputs' annotations for each
# job, and would compile each of them from text.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.lineages import TrainingJobLineagesProvider
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_inputs import ADDED_BY_CHECK, JobInputs
from components.training_job.request.plain_inputs import plain
from components.training_job.request.training_request import (
    Placement,
    fallback_requests,
    training_request,
)
from components.training_job.run.job_state import JobState
from components.training_job.settings.job_settings import JobSettings

_DEADLINE_MARGIN_SECONDS = 1800
_OUTPUTS = (*(each.name for each in fields(JobState)), *ADDED_BY_CHECK)


@dataclass(frozen=True)
class TrainingJobArgs:
    """What one training job is made of.

    `lineage` names the chain of jobs that share one checkpoint prefix. `owner` tells this
    stack's jobs from those of another that uses the same names; it is the name of the bucket that
    the lineage lives in, and stays the same as long as the lineage does. `source_hash` is the hash
    of the source's contents, "" without source. `launch` is the launch switch, `preflight` whether
    AWS is asked what would make a launch fail. `earlier_names` are what the resource may have been
    called.
    """

    job: JobSettings
    placement: Placement
    lineage: str
    owner: pulumi.Input[str]
    account_id: str
    region: str
    source_hash: str
    launch: bool
    preflight: bool = True
    earlier_names: Sequence[str] = ()


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
        self, name: str, args: TrainingJobArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        # A flag in the provider's diff does not cover `pulumi up --replace`; the option does.
        # Without its aliases, a job of another name would be a new resource, which adopts the run
        # that the engine then stops as it deletes the old one.
        aliases = [pulumi.Alias(name=earlier) for earlier in args.earlier_names]
        own = pulumi.ResourceOptions(delete_before_replace=True, aliases=aliases)
        opts = pulumi.ResourceOptions.merge(own, opts)
        super().__init__(
            TrainingJobProvider(), name, dict.fromkeys(_OUTPUTS) | job_inputs(args), opts
        )


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
    ) -> None:
        """`lineages` has the lineage of each job by the name of its resource."""
        props = {
            "lineages": dict(lineages),
            "owner": owner,
            "account_id": account_id,
            "region": region,
        }
        super().__init__(TrainingJobLineagesProvider(), name, props, opts)


class TrainingJobCompletion(Resource, module="sagemaker", name="TrainingJobCompletion"):
    """The end of any number of training jobs; fails where one of them did not complete."""

    results: pulumi.Output[dict[str, dict[str, Any]]]
    """How each job ended, by its name: status, outcome, seconds, cost in USD, final metrics."""

    def __init__(
        self,
        name: str,
        jobs: Mapping[str, TrainingJob],
        settings: Sequence[JobSettings],
        region: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props = {
            "jobs": list(jobs),
            "training_job_names": [job.training_job_name for job in jobs.values()],
            "deadline_seconds": completion_deadline(settings),
            "region": region,
            "results": None,
        }
        super().__init__(TrainingJobCompletionProvider(), name, props, opts)


def completion_deadline(settings: Sequence[JobSettings]) -> int:
    """Seconds until the last of these jobs must have ended by its own limits, and a margin."""
    variants = (variant for job in settings for variant in job.variants)
    limits = (each.max_wait or each.max_runtime for each in variants)
    return max(limits, default=0) + _DEADLINE_MARGIN_SECONDS


def job_inputs(args: TrainingJobArgs) -> dict[str, Any]:
    """What the program gives the engine of a job; the provider's check adds the hash and the costs.

    Raises:
        pulumi.RunError: in an output that is marked secret.
    """
    fallbacks = plain(fallback_requests(args.job, args.placement), "fallbacks")
    return JobInputs(
        lineage=args.lineage,
        account_id=args.account_id,
        region=args.region,
        request=plain(training_request(args.job, args.placement), "request"),
        fallbacks=fallbacks or None,
        paused=args.job.paused,
        relaunch=args.job.relaunch,
        max_attempts=args.job.max_attempts,
        owner=plain(args.owner, "owner"),
        source_hash=args.source_hash,
        run_id=args.job.run_id,
        launch=args.launch,
        preflight=args.preflight,
    ).properties()
