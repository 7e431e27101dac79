"""How a rule for training jobs becomes one for resources."""

from __future__ import annotations

from collections.abc import Iterable

from training_policies.policy import Judge, Parameters
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, may_be_training_job, training_job
from training_policies.value_rules import Subjects
from training_policies.violation import Violation


def for_jobs(judge: Judge[TrainingJobView]) -> Judge[Resource]:
    """A judge of the resources that are training jobs, whatever their type.

    Each fallback is judged like the job itself. It breaks most rules just as the job does; the same
    violation is reported once.
    """

    def judge_resource(resource: Resource, parameters: Parameters) -> Iterable[Violation]:
        job = training_job(resource)
        found = (judge(each, parameters) for each in (job.variants if job else ()))
        return {str(violation): violation for each in found for violation in each}.values()

    return judge_resource


TRAINING_JOBS: Subjects[TrainingJobView] = Subjects(
    may_be_training_job, for_jobs, lambda job: job.request
)
"""All training jobs; the paths of a value rule for them are those of their request."""
