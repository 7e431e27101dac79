"""The policy that a job has the tags that say its team, purpose and cost centre."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import texts
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.violation import Violation


def _judge(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    tags = _tags(job)
    for key in parameters["required"]:
        value = tags.get(key, MISSING) if isinstance(tags, dict) else tags
        if not isinstance(value, str) or not value.strip():
            yield Violation(
                f"the tag {key}",
                "it says which team the job belongs to, and who pays for it",
                value,
                "a text that is known in the preview",
                f"give the job the tag {key}",
            )


def _tags(job: TrainingJobView) -> Any:
    """The job's tags; pulumi-aws adds those of its provider in a property of its own."""
    tags, all_tags = job.tags, job.resource.read("tagsAll")
    if isinstance(tags, dict) and isinstance(all_tags, dict):
        return all_tags | tags
    return all_tags if tags is MISSING else tags


REQUIRED_TAGS = Policy(
    name="training-required-tags",
    checks="a training job has every required tag, and a value for each",
    severity="medium",
    controls=[nist("CM-8")],
    remedy="tag the job",
    parameters={
        "required": texts(
            ["team", "environment"],
            "The keys of the tags that every job must have.",
        )
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)
