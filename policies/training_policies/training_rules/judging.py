"""How a rule for training jobs becomes a policy for resources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from training_policies.policy import Parameters
from training_policies.resource import MISSING, Resource
from training_policies.training_job import TrainingJobView, training_job
from training_policies.violation import Violation

JudgeJob = Callable[[TrainingJobView, Parameters], Iterable[Violation]]
JudgeResource = Callable[[Resource, Parameters], Iterable[Violation]]


def for_jobs(judge: JudgeJob) -> JudgeResource:
    """A judge of resources that hands on those which are training jobs, by whatever route."""

    def judge_resource(resource: Resource, parameters: Parameters) -> Iterable[Violation]:
        job = training_job(resource)
        # A fallback breaks most rules just as the job does, which need not be said again.
        found = (judge(each, parameters) for each in (job.variants if job else ()))
        return {str(violation): violation for each in found for violation in each}.values()

    return judge_resource


def is_absent(value: Any) -> bool:
    """Whether a property is not there, or is there and empty."""
    return value is MISSING or value == "" or value == []
