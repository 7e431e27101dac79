"""What a job writes stays in the stack's bucket, and it acts as a role of the stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training_policies.compliance import nist
from training_policies.parameters import matches, texts
from training_policies.policy import Parameters, StackPolicy
from training_policies.request import named
from training_policies.resource import Resource
from training_policies.training_job import TrainingJobView, training_jobs
from training_policies.violation import Violation

ROLE = "aws:iam/role:Role"
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
    """What the job writes and where; a location that is not known yet is judged at the update.

    The trials of a tuning job may have several definitions, each with its own locations.
    """
    written = [
        (kind, request.read(path)) for request in job.requests for kind, path in _WRITTEN.items()
    ]
    yield from dict.fromkeys((kind, uri) for kind, uri in written if isinstance(uri, str))
    for rule in job.rules:
        uri = named(rule, "S3OutputPath")
        if isinstance(uri, str):
            yield "the output of a rule", uri


def _judge_roles(resources: Sequence[Resource], parameters: Parameters) -> Iterator[Violation]:
    roles = [*_role_names(resources), *parameters["roles"]]
    for job in training_jobs(resources):
        arns = [request.read("RoleArn") for request in job.requests]
        for arn in dict.fromkeys(each for each in arns if isinstance(each, str)):
            if not matches(arn.rpartition("/")[2], roles):
                yield Violation(
                    f"the role that {job.name} acts as",
                    "another role has another owner, and may reach what is not the team's",
                    arn,
                    roles or "a role of the stack",
                    subject=job.resource.urn,
                )


def _role_names(resources: Sequence[Resource]) -> list[str]:
    names = (each.read("name") for each in resources if each.type == ROLE)
    return [name for name in names if isinstance(name, str)]


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

OWN_ROLE = StackPolicy(
    name="training-own-role",
    checks="a training job acts as a role of its own stack",
    severity="high",
    controls=[nist("AC-6")],
    remedy="use the stack's own execution role",
    parameters={"roles": texts([], "Patterns of the names of other roles that jobs may act as.")},
    judge=_judge_roles,
)

PLACES = frozenset((*_BUCKETS, ROLE))
"""The types of the resources that a job of the stack belongs to."""
