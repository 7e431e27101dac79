"""What a job writes stays in the stack's bucket, with its key, policy and lifecycle."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, StackPolicy
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_jobs
from training_policies.violation import Violation

_BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
_WRITTEN = {
    "models": "OutputDataConfig.S3OutputPath",
    "checkpoints": "CheckpointConfig.S3Uri",
    "debugger output": "DebugHookConfig.S3OutputPath",
    "profiles": "ProfilerConfig.S3OutputPath",
    "TensorBoard logs": "TensorBoardOutputConfig.S3OutputPath",
}


def _judge(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    buckets = [*_names(resources), *parameters["buckets"]]
    for job in training_jobs(resources):
        for kind, uri in _locations(job):
            if not matches(_bucket(uri), buckets):
                yield Violation(
                    f"where {job.name} writes {kind}",
                    "another bucket has another owner, key, policy and lifecycle",
                    uri,
                    buckets or "a bucket of the stack",
                    subject=job.resource.urn,
                )


def _names(resources: Sequence[Resource]) -> list[str]:
    """The names of the stack's buckets, those that are known."""
    names = (each.read("bucket") for each in resources if each.type in _BUCKETS)
    return [name for name in names if isinstance(name, str)]


def _locations(job: TrainingJobView) -> Iterator[tuple[str, str]]:
    """What the job writes and where; a location that is not known yet is judged at the update."""
    for kind, path in _WRITTEN.items():
        uri: Any = job.request.read(path)
        if isinstance(uri, str):
            yield kind, uri


def _bucket(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[0]


ARTIFACT_LOCATIONS = StackPolicy(
    name="training-artifact-locations",
    checks="everything that a job writes goes to a bucket of its own stack",
    severity="high",
    controls=[nist("AC-4")],
    remedy="write into the stack's own bucket",
    parameters={
        "buckets": texts([], "Patterns of the names of other buckets that jobs may write to."),
    },
    judge=_judge,
)
