"""Spot capacity is taken back at any time: what a job needs so that nothing is lost but time."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.controls import nist
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.judging import for_jobs, is_absent
from training_policies.violation import Violation

SERVICE_RUNTIME_SECONDS = 86_400
"""What SageMaker takes for MaxRuntimeInSeconds where a request names none: a day."""


def _may_run_on_spot(job: TrainingJobView) -> bool:
    """Whether an attempt runs on spot; a flag that can't be read counts as set."""
    return any(capacity.spot not in (False, MISSING) for capacity in job.capacities)


def _judge_checkpoints(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    location = job.request.read("CheckpointConfig.S3Uri")
    if _may_run_on_spot(job) and is_absent(location):
        yield Violation(
            "a spot job without checkpoints",
            "an interruption loses all the work since the job was launched",
            location,
            "an S3 location in CheckpointConfig",
            "give the job a checkpoint location and let its script write checkpoints, or run it "
            "on demand",
        )


def _judge_wait(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    if not _may_run_on_spot(job):
        return
    runtime = SERVICE_RUNTIME_SECONDS if job.max_runtime is MISSING else job.max_runtime
    if isinstance(runtime, int) and isinstance(job.max_wait, int) and job.max_wait >= runtime:
        return
    yield Violation(
        "the longest wait of a spot job",
        "the wait includes the runtime, so a shorter one, or none, ends the job too early, or "
        "is refused",
        job.max_wait,
        f"at least the longest runtime, {runtime} s" if isinstance(runtime, int) else "a number",
        "set MaxWaitTimeInSeconds to MaxRuntimeInSeconds or more, as plain numbers",
    )


SPOT_CHECKPOINTS = Policy(
    name="training-spot-checkpoints",
    display_name="Spot jobs keep checkpoints",
    description="Checks that a training job on spot capacity has a checkpoint location.",
    severity="high",
    controls=[nist("CP-10")],
    remediation="Give the job a checkpoint location, or run it on demand.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_checkpoints),
)

SPOT_WAIT = Policy(
    name="training-spot-wait",
    display_name="Spot jobs may wait as long as they may run",
    description="Checks that a spot job may wait at least as long as it may run.",
    severity="medium",
    controls=[nist("SC-6")],
    remediation="Set the longest wait to the longest runtime or more.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_wait),
)
