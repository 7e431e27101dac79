"""Spot jobs wait at least as long as they may run."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.compliance import nist
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.violation import Violation

SERVICE_RUNTIME_SECONDS = 86_400
"""SageMaker's default of MaxRuntimeInSeconds: a day, in seconds."""


def may_run_on_spot(job: TrainingJobView) -> bool:
    """Whether an attempt runs on spot; a flag that can't be read counts as set."""
    return any(capacity.spot not in (False, MISSING) for capacity in job.capacities)


def _judge(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    if not may_run_on_spot(job):
        return
    runtime = SERVICE_RUNTIME_SECONDS if job.max_runtime is MISSING else job.max_runtime
    if isinstance(runtime, int) and isinstance(job.max_wait, int) and job.max_wait >= runtime:
        return
    yield Violation(
        "StoppingCondition.MaxWaitTimeInSeconds",
        "the wait includes the runtime, so a job with a shorter wait ends too early, or is refused",
        job.max_wait,
        f"at least the longest runtime, {runtime} s" if isinstance(runtime, int) else "a number",
    )


SPOT_WAIT = Policy(
    name="training-spot-wait",
    checks="a spot job may wait at least as long as it may run",
    severity="medium",
    controls=[nist("SC-6")],
    remedy="set MaxWaitTimeInSeconds to MaxRuntimeInSeconds or more, as plain numbers",
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)
