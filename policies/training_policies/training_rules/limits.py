"""Limits that end what nobody looks at: a job's runtime, and instances kept warm after it."""

from __future__ import annotations

from collections.abc import Iterator

from training_policies.controls import nist
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.judging import for_jobs
from training_policies.violation import Violation


def _judge_runtime(job: TrainingJobView, _: Parameters) -> Iterator[Violation]:
    runtime = job.max_runtime
    if not isinstance(runtime, int) or runtime <= 0:
        yield Violation(
            "the longest runtime",
            "a job that hangs is billed until its limit, which is a day where none is set, and a "
            "cost ceiling needs one",
            runtime,
            "a number of seconds above 0",
            "set MaxRuntimeInSeconds as a plain number",
        )


def _judge_warm_pool(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    asked, most = job.keep_alive, parameters["maximumSeconds"]
    if asked is not MISSING and not (isinstance(asked, int) and asked <= most):
        yield Violation(
            "a warm pool",
            "instances that are kept warm are billed as if they trained, and no spot discount "
            "applies",
            asked,
            f"at most {most} s",
            "shorten KeepAlivePeriodInSeconds, or remove it",
        )


RUNTIME_LIMIT = Policy(
    name="training-runtime-limit",
    display_name="Jobs have a runtime limit",
    description="Checks that a training job says how long it may run.",
    severity="high",
    controls=[nist("SC-6")],
    remediation="Set the job's longest runtime.",
    applies=may_be_training_job,
    judge=for_jobs(_judge_runtime),
)

WARM_POOL = Policy(
    name="training-warm-pool",
    display_name="Warm pools are short",
    description="Checks that a training job keeps its instances no longer than is allowed.",
    severity="medium",
    controls=[nist("SC-6")],
    remediation="Keep instances warm for a shorter time, or not at all.",
    parameters={
        "maximumSeconds": {
            "type": "integer",
            "minimum": 0,
            "maximum": 3600,
            "default": 1800,
            "description": "How long instances may be kept after a job, in seconds.",
        }
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge_warm_pool),
)
