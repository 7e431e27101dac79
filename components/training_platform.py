"""The bundle: all that one team's stack builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from components.arns import repository_arn
from components.artifact_store import ArtifactStore, ArtifactStoreArgs
from components.execution_role import ExecutionRole, ExecutionRoleArgs
from components.job_uploads import JobUploads, JobUploadsArgs
from components.network import Network, NetworkArgs
from components.training_job.job import JobSettings
from components.training_job.request import Placement
from components.training_job.resource import (
    TrainingJob,
    TrainingJobArgs,
    TrainingJobCompletion,
)


@dataclass(frozen=True)
class TrainingPlatformArgs:
    """What one stack builds. All of it is plain, so that a preview shows all of it.

    Attributes:
        account_id: the AWS account.
        region: the AWS region.
        project: the program's folder, which paths in the settings start from.
        cidr: the VPC's address range.
        availability_zones: the names of the zones that get a private subnet.
        interface_endpoints: services that get an interface endpoint.
        flow_log_days: how many days flow logs are kept.
        retain: whether bucket, key and their controls outlive the stack.
        checkpoint_days: how many days a checkpoint is kept after it was written.
        jobs: the training jobs by name.
        launch: the launch switch.
        wait: whether the stack's update waits for the jobs to end.
        tags: tags of every job; the provider's default tags cover the other resources.
    """

    account_id: str
    region: str
    project: Path
    cidr: str
    availability_zones: Sequence[str]
    interface_endpoints: Sequence[str]
    flow_log_days: int
    retain: bool
    checkpoint_days: int
    jobs: Mapping[str, JobSettings]
    launch: bool
    wait: bool
    tags: Mapping[str, str]


class TrainingPlatform(pulumi.ComponentResource):
    """A private, encrypted, least-privilege place to train, and the jobs that train there.

    Its name is the prefix of the jobs' lineages, so it must be the team's and environment's and
    not the stack's: a stack can be renamed without launching anything.
    """

    artifact_store: ArtifactStore
    network: Network
    execution_role: ExecutionRole
    jobs: dict[str, TrainingJob]

    def __init__(
        self, name: str, args: TrainingPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:TrainingPlatform", name, None, opts)
        self._name, self._args = name, args

        self.artifact_store = self._create_artifact_store()
        self.network = self._create_network()
        self.execution_role = self._create_execution_role()
        self.jobs = {job: self._create_job(job) for job in args.jobs}
        self._completion = self._create_completion() if args.wait else None

        self.register_outputs({"training_jobs": self.training_jobs})

    @property
    def training_jobs(self) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """Each job's outputs by its name in the settings."""
        results = self._completion.results if self._completion else pulumi.Output.from_input({})
        reports = {name: _report(job, results) for name, job in self.jobs.items()}
        return pulumi.Output.from_input(reports)

    @property
    def training_job_name(self) -> pulumi.Output[str]:
        """The only launched job's name, "" where none or several are launched."""
        names = pulumi.Output.all(*(job.training_job_name for job in self.jobs.values()))
        return names.apply(_only)

    def _create_artifact_store(self) -> ArtifactStore:
        return ArtifactStore(
            f"{self._name}-store",
            ArtifactStoreArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                retain=self._args.retain,
                checkpoint_days=self._args.checkpoint_days,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _create_network(self) -> Network:
        return Network(
            f"{self._name}-network",
            NetworkArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                cidr=self._args.cidr,
                availability_zones=self._args.availability_zones,
                interface_endpoints=self._args.interface_endpoints,
                flow_log_retention_days=self._args.flow_log_days,
                flow_log_key_arn=self.artifact_store.key_arn,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                input_prefixes=self._foreign_inputs(),
            ),
            pulumi.ResourceOptions(parent=self, depends_on=self.artifact_store.dependencies),
        )

    def _create_execution_role(self) -> ExecutionRole:
        repositories = {repository_arn(job.image) for job in self._args.jobs.values()}
        return ExecutionRole(
            f"{self._name}-execution",
            ExecutionRoleArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                key_arn=self.artifact_store.key_arn,
                repository_arns=sorted(arn for arn in repositories if arn),
                input_prefixes=self._foreign_inputs(),
                subnet_ids=self.network.private_subnet_ids,
                security_group_ids=[self.network.training_security_group_id],
                volume_encryption=any(job.takes_volume_key for job in self._args.jobs.values()),
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _create_job(self, name: str) -> TrainingJob:
        settings, lineage = self._args.jobs[name], f"{self._name}-{name}"
        uploads = self._create_uploads(settings, lineage)
        return TrainingJob(
            lineage,
            TrainingJobArgs(
                job=settings,
                placement=self._placement(lineage, uploads),
                lineage=lineage,
                owner=self.execution_role.arn,
                account_id=self._args.account_id,
                region=self._args.region,
                source_hash=uploads.source_hash,
                launch=self._args.launch,
            ),
            # A job must start after, and end before, everything that it works with: without the
            # role's policy, say, a job that is being stopped could not save its last checkpoint.
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *self.artifact_store.dependencies,
                    *self.network.dependencies,
                    *self.execution_role.dependencies,
                    *uploads.dependencies,
                ],
            ),
        )

    def _create_uploads(self, settings: JobSettings, lineage: str) -> JobUploads:
        return JobUploads(
            f"{lineage}-uploads",
            JobUploadsArgs(
                job=settings,
                lineage=lineage,
                project=self._args.project,
                bucket_name=self.artifact_store.bucket_name,
                bucket_ready=self.artifact_store.dependencies,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _create_completion(self) -> TrainingJobCompletion:
        """Waits for the jobs that run; a paused one has no end to wait for."""
        running = {name: job for name, job in self.jobs.items() if not self._args.jobs[name].paused}
        return TrainingJobCompletion(
            f"{self._name}-completion",
            running,
            [self._args.jobs[name] for name in running],
            self._args.region,
            pulumi.ResourceOptions(parent=self),
        )

    def _placement(self, lineage: str, uploads: JobUploads) -> Placement:
        bucket = self.artifact_store.bucket_name
        return Placement(
            role_arn=self.execution_role.arn,
            key_arn=self.artifact_store.key_arn,
            subnet_ids=self.network.private_subnet_ids,
            security_group_ids=[self.network.training_security_group_id],
            output_uri=pulumi.Output.concat("s3://", bucket, f"/output/{lineage}"),
            checkpoint_uri=pulumi.Output.concat("s3://", bucket, f"/checkpoints/{lineage}/"),
            code_uri=uploads.code_uri,
            input_uris=uploads.input_uris,
            tags=self._args.tags,
        )

    def _foreign_inputs(self) -> list[str]:
        channels = (each for job in self._args.jobs.values() for each in job.inputs.values())
        return sorted({channel.s3_uri for channel in channels if channel.s3_uri})


def _report(
    job: TrainingJob, results: pulumi.Output[dict[str, dict[str, Any]]]
) -> pulumi.Output[dict[str, Any]]:
    """A job's outputs, with how it ended where the stack waited for that."""
    known = pulumi.Output.all(
        name=job.training_job_name,
        arn=job.training_job_arn,
        status=job.status,
        secondary_status=job.secondary_status,
        outcome=job.outcome,
        failure_reason=job.failure_reason,
        attempt=job.attempt,
        model_uri=job.model_uri,
        checkpoint_uri=job.checkpoint_uri,
        training_seconds=job.training_seconds,
        billable_seconds=job.billable_seconds,
        cost_usd=job.cost_usd,
        cost_ceiling_usd=job.cost_ceiling_usd,
    )
    return pulumi.Output.all(known, results).apply(
        lambda both: {"metrics": {}} | both[0] | both[1].get(both[0]["name"], {})
    )


def _only(names: Sequence[str]) -> str:
    launched = [name for name in names if name]
    return launched[0] if len(launched) == 1 else ""
