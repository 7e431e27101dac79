"""`TrainingJob` and `TrainingJobCompletion`, as a program uses them."""

# Without `from __future__ import annotations`: Pulumi evaluates the outputs' annotations anew for
# each job, and would compile each of them from text.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.training_job.completion import TrainingJobCompletionProvider
from components.training_job.lineages import TrainingJobLineagesProvider
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.plain_inputs import plain
from components.training_job.request.training_request import (
    Placement,
    fallback_requests,
    training_request,
)
from components.training_job.settings.job_settings import JobSettings

_DEADLINE_MARGIN_SECONDS = 1800


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
    """The job's name, "" while it is not launched."""
    training_job_arn: pulumi.Output[str]
    """The job's ARN, "" while it is not launched."""
    status: pulumi.Output[str]
    """TrainingJobStatus, or NotLaunched."""
    secondary_status: pulumi.Output[str]
    outcome: pulumi.Output[str]
    """completed, running, stopped, or the class of the failure."""
    failure_reason: pulumi.Output[str]
    image_digest: pulumi.Output[str]
    """The digest of the image that runs, "" where its tag could not be resolved at the launch."""
    attempt: pulumi.Output[int]
    """Which of the lineage's runs of this definition it is, from 1; 0 while not launched."""
    model_uri: pulumi.Output[str]
    """Where the model is once the job has completed."""
    checkpoint_uri: pulumi.Output[str]
    """The lineage's checkpoint prefix, "" for a job without checkpoints."""
    instance_type: pulumi.Output[str]
    """What the job runs on, which a relaunch may have changed; several types by commas."""
    instance_count: pulumi.Output[int]
    """The number of instances, of all types."""
    training_seconds: pulumi.Output[int]
    """Seconds of training, for which all instances run."""
    billable_seconds: pulumi.Output[int]
    """Seconds billed for each instance, less the spot discount."""
    training_instance_seconds: pulumi.Output[int]
    """Seconds of training, of all instances together."""
    billable_instance_seconds: pulumi.Output[int]
    """Seconds billed, of all instances together."""
    savings_percent: pulumi.Output[float]
    """What managed spot saved, in percent of the on-demand cost."""
    interruptions: pulumi.Output[int]
    """How often the service took the job's spot instances back."""
    console_url: pulumi.Output[str]
    log_url: pulumi.Output[str]
    expected_cost_usd: pulumi.Output[float]
    """What the job is likely to cost on spot if it takes all its time, in USD, or "unknown"."""
    cost_usd: pulumi.Output[float]
    """What the run has cost, in USD for all instances, without a warm pool, or "unknown"."""
    cost_ceiling_usd: pulumi.Output[float]
    """The most that the job and its further attempts can cost, in USD, or "unknown"."""

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
            TrainingJobProvider(), name, job_inputs(args) | dict.fromkeys(_OUTPUTS), opts
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


_OUTPUTS = (
    "training_job_name",
    "training_job_arn",
    "status",
    "secondary_status",
    "outcome",
    "failure_reason",
    "image_digest",
    "attempt",
    "tries",
    "model_uri",
    "checkpoint_uri",
    "instance_type",
    "instance_count",
    "training_seconds",
    "billable_seconds",
    "training_instance_seconds",
    "billable_instance_seconds",
    "savings_percent",
    "interruptions",
    "console_url",
    "log_url",
    "cost_usd",
    "cost_ceiling_usd",
    "expected_cost_usd",
)


def job_inputs(args: TrainingJobArgs) -> dict[str, Any]:
    """What the program tells the engine of a job; the provider's check adds hash and costs.

    Raises:
        pulumi.RunError: in an output that is marked secret.
    """
    fallbacks = plain(fallback_requests(args.job, args.placement), "fallbacks")
    return {
        **({"fallbacks": fallbacks} if fallbacks else {}),
        "lineage": args.lineage,
        "request": plain(training_request(args.job, args.placement), "request"),
        "source_hash": args.source_hash,
        "run_id": args.job.run_id,
        "launch": args.launch,
        "preflight": args.preflight,
        "paused": args.job.paused,
        "relaunch": args.job.relaunch,
        "max_attempts": args.job.max_attempts,
        "owner": plain(args.owner, "owner"),
        "account_id": args.account_id,
        "region": args.region,
    }
