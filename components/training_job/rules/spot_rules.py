"""The rules for spot capacity: its checkpoints, how long a job waits for it, and warm pools."""

from __future__ import annotations

from collections.abc import Iterator

from components.durations import format_duration
from components.instances import training_instance_types
from components.problems import Problem
from components.training_job.settings.job_settings import JobSettings


def spot_problems(job: JobSettings) -> Iterator[Problem]:
    """Everything that is wrong with a job's spot capacity, with its waiting and its warm pool."""
    yield from _checkpoint_problems(job)
    yield from _max_wait_problems(job)
    yield from _warm_pool_problems(job)
    yield from _pending_problems(job)


def _checkpoint_problems(job: JobSettings) -> Iterator[Problem]:
    if job.spot is not None and not job.spot.checkpoints:
        yield Problem(
            "spot.checkpoints",
            False,
            "a job on spot capacity needs checkpoints, or an interruption loses all its work",
            "remove it, or set spot: false for on-demand capacity",
        )


def _max_wait_problems(job: JobSettings) -> Iterator[Problem]:
    if job.max_wait is not None and job.max_wait < job.max_runtime:
        yield Problem(
            "spot.maxWait",
            format_duration(job.max_wait),
            f"maxWait covers waiting and running, so it must be at least maxRuntime, "
            f"{format_duration(job.max_runtime)}",
            f"set maxWait to {format_duration(job.max_runtime)} or more, or shorten maxRuntime",
        )


def _warm_pool_problems(job: JobSettings) -> Iterator[Problem]:
    if job.keep_alive is None:
        return
    kept = format_duration(job.keep_alive)
    if job.spot is not None:
        rule = "SageMaker keeps no warm pool of spot instances"
        yield Problem("keepAlive", kept, rule, "remove it, or set spot: false")
    elif any(fallback.spot for fallback in job.fallbacks):
        rule = "SageMaker keeps no warm pool of spot instances, and a fallback asks for spot"
        yield Problem("keepAlive", kept, rule, "remove it, or remove spot from the fallbacks")
    if job.instance_groups:
        rule = "SageMaker keeps no warm pool of several instance types"
        yield Problem("keepAlive", kept, rule, "remove it, or remove instanceGroups")


def _pending_problems(job: JobSettings) -> Iterator[Problem]:
    """The API's reference says that MaxPendingTimeInSeconds is only for accelerated types."""
    if job.max_pending is None:
        return
    types = [group.instance_type for variant in job.variants for group in variant.groups]
    listed = [training_instance_types().get(each) for each in types]
    if all(each is not None and not each.accelerators for each in listed):
        yield Problem(
            "maxPending",
            format_duration(job.max_pending),
            "has no effect without an accelerated instance type",
            "remove it",
        )
