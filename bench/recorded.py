"""Dynamic resources with the record of a launched job: one launches nothing, the other only sends.

The engine needs for the first what it needs for a job's record: it writes the whole state after
every step. The second makes only the call that launches the job; no provider with this record can
launch with less.
"""

from __future__ import annotations

from typing import Any

from pulumi.dynamic import ConfigureRequest, CreateResult, Resource

from bench.idle import IdleProvider
from components.training_job.request.job_inputs import JobInputs
from components.training_job.request.service_model import conform
from components.training_job.run.job_state import described

_ADDED_BY_CHECK = {
    "definition_hash": "01234567",
    "cost_ceiling_usd": 0.038333,
    "expected_cost_usd": 0.0115,
}


class RecordingProvider(IdleProvider):
    """Creates nothing, and answers as for a job that was launched."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        """The answer for a launched job."""
        name = _job_name(props)
        description = props["request"] | {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Starting",
        }
        return CreateResult(name, described(props, description, tries=1))


class SendingProvider(RecordingProvider):
    """Calls CreateTrainingJob, and nothing else."""

    serialize_as_secret_always = False

    _client: Any

    def configure(self, _: ConfigureRequest) -> None:
        """Creates the client; the region and the endpoint are from the environment."""
        import boto3  # only here, as the records don't need it

        self._client = boto3.client("sagemaker")

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Launches the job, and returns the answer for it."""
        request = conform(props["request"])
        self._client.create_training_job(**request, TrainingJobName=_job_name(props))
        return super().create(props)


def _job_name(props: dict[str, Any]) -> str:
    return f"{props['lineage']}-{props['definition_hash']}-1"


class Recorded(Resource, module="bench", name="Recorded"):
    """A resource with the record of a job."""

    def __init__(self, name: str, inputs: JobInputs) -> None:
        super().__init__(RecordingProvider(), name, inputs.properties() | _ADDED_BY_CHECK)


class Sent(Resource, module="bench", name="Sent"):
    """A resource with the record of a job, which one call launches."""

    def __init__(self, name: str, inputs: JobInputs) -> None:
        super().__init__(SendingProvider(), name, inputs.properties() | _ADDED_BY_CHECK)
