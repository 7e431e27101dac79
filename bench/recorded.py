"""A dynamic resource that records what a launched job does, and launches none.

What the engine takes for it is what it takes for a job's record: the whole state is written after
every step.
"""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import CreateResult, Resource

from bench.idle import IdleProvider
from components.training_job.resource import TrainingJobArgs, job_inputs
from components.training_job.state import described

_ADDED_BY_CHECK = {
    "definition_hash": "01234567",
    "cost_ceiling_usd": 0.038333,
    "expected_cost_usd": 0.0115,
}


class RecordingProvider(IdleProvider):
    """Creates nothing, and answers as for a job that was launched."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Say that it was launched."""
        name = f"{props['lineage']}-{props['definition_hash']}-1"
        description = props["request"] | {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
        }
        return CreateResult(name, described(props, description, tries=1))


class Recorded(Resource, module="bench", name="Recorded"):
    """One of many that are recorded as a job is."""

    def __init__(self, name: str, args: TrainingJobArgs) -> None:
        super().__init__(RecordingProvider(), name, job_inputs(args) | _ADDED_BY_CHECK)
