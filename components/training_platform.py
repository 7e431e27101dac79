"""The bundle: all that one team's stack builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from components.alerts.alerts import Alerts, AlertsArgs
from components.artifact_store.artifact_store import ArtifactStore, ArtifactStoreArgs
from components.deployer.deployer_role import DeployerRole, DeployerRoleArgs
from components.deployer.deployer_scope import launch_limits
from components.execution_role.execution_role import ExecutionRole, ExecutionRoleArgs
from components.network.network import Network, NetworkArgs
from components.network.network_interfaces import (
    TrainingNetworkInterfaces,
    TrainingNetworkInterfacesArgs,
)
from components.stack.stack_settings import AlertSettings, DeployerSettings, Settings
from components.training_job.code_channel.job_uploads import JobUploads, JobUploadsArgs
from components.training_job.job_report import job_report, only_name, total_cost
from components.training_job.request.training_request import Placement
from components.training_job.resource import (
    TrainingJob,
    TrainingJobArgs,
    TrainingJobCompletion,
    TrainingJobLineages,
)
from components.training_job.settings.job_needs import needs_of


@dataclass(frozen=True)
class TrainingPlatformArgs:
    """What one stack builds. All of it is plain, so that a preview shows all of it.

    Attributes:
        settings: the stack's settings.
        account_id: the AWS account.
        region: the AWS region.
        availability_zones: the names of the zones that get a private subnet.
        project: the program's folder, which paths in the settings start from.
        tags: tags of every job; the provider's default tags cover the other resources.
    """

    settings: Settings
    account_id: str
    region: str
    availability_zones: Sequence[str]
    project: Path
    tags: Mapping[str, str]


class TrainingPlatform(pulumi.ComponentResource):
    """A private, encrypted, least-privilege place to train, and the jobs that train there.

    Its name is the prefix of the jobs' lineages, so it must be the team's and environment's and
    not the stack's: a stack can be renamed without launching anything.
    """

    artifact_store: ArtifactStore
    network: Network
    execution_role: ExecutionRole
    alerts: Alerts | None
    deployer: DeployerRole | None
    jobs: dict[str, TrainingJob]

    def __init__(
        self, args: TrainingPlatformArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        self._name = args.settings.name_prefix
        super().__init__("sagemaker-training:index:TrainingPlatform", self._name, None, opts)
        self._args, self._settings = args, args.settings
        self._needs = needs_of(self._settings.jobs.values())

        # The bucket's policy names the endpoint and the deployer, whose policies name the bucket.
        endpoint_id, endpoint_is = pulumi.deferred_output()  # type: ignore[var-annotated]
        deployer_arn, deployer_is = pulumi.deferred_output()  # type: ignore[var-annotated]
        self.artifact_store = self._create_artifact_store(endpoint_id, deployer_arn)
        self.network = self._create_network()
        endpoint_is(self.network.s3_endpoint_id)
        self.execution_role = self._create_execution_role()
        self._interfaces = self._create_interfaces()
        self.alerts = self._create_alerts(self._settings.alerts)
        self.deployer = self._create_deployer(self._settings.deployer)
        deployer_is(self.deployer_arn)
        self._lineages = self._create_lineages()
        self.jobs = {job: self._create_job(job) for job in self._settings.jobs}
        self._completion = self._create_completion()

        self.register_outputs({"training_jobs": self.training_jobs})

    @property
    def training_jobs(self) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """Each job's outputs by its name in the settings."""
        results = self._completion.results if self._completion else pulumi.Output.from_input({})
        reports = {name: job_report(job, results) for name, job in self.jobs.items()}
        return pulumi.Output.all(**reports) if reports else pulumi.Output.from_input({})

    @property
    def training_cost_usd(self) -> pulumi.Output[dict[str, float | str]]:
        """What all jobs cost together: at most, likely, and so far."""
        return self.training_jobs.apply(lambda jobs: total_cost(jobs.values()))

    @property
    def training_job_name(self) -> pulumi.Output[str]:
        """The only launched job's name, "" where none or several are launched."""
        names = pulumi.Output.all(*(job.training_job_name for job in self.jobs.values()))
        return names.apply(only_name)

    @property
    def deployer_arn(self) -> pulumi.Output[str]:
        """The deployer role's ARN, "" where there is none."""
        return self.deployer.arn if self.deployer else pulumi.Output.from_input("")

    def _create_artifact_store(
        self, endpoint_id: pulumi.Output[str], deployer_arn: pulumi.Output[str]
    ) -> ArtifactStore:
        artifacts = self._settings.artifacts
        deployers = [deployer_arn] if self._settings.deployer else []
        return ArtifactStore(
            f"{self._name}-store",
            ArtifactStoreArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                retain=artifacts.retain,
                checkpoint_days=artifacts.checkpoint_days,
                noncurrent_days=artifacts.noncurrent_days,
                existing_bucket=artifacts.existing_bucket,
                access_log_bucket=artifacts.access_log_bucket,
                alerts=self._settings.alerts is not None,
                vpc_endpoint_id=endpoint_id if artifacts.vpc_only else None,
                exempt_principal_arns=[*artifacts.exempt_principals, *deployers],
            ),
            self._child(),
        )

    def _create_network(self) -> Network:
        network = self._settings.network
        return Network(
            f"{self._name}-network",
            NetworkArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                cidr=network.cidr,
                availability_zones=self._args.availability_zones,
                interface_endpoints=network.interface_endpoints,
                flow_log_retention_days=network.flow_log_days,
                flow_log_key_arn=self.artifact_store.key_arn,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                input_prefixes=self._needs.input_prefixes,
                nat=network.nat,
                existing=network.existing.network if network.existing else None,
                file_systems=self._needs.file_systems,
                permissions_boundary=self._settings.permissions_boundary or None,
            ),
            self._child(),
        )

    def _create_execution_role(self) -> ExecutionRole:
        needs = self._needs
        return ExecutionRole(
            f"{self._name}-execution",
            ExecutionRoleArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                key_arn=self.artifact_store.key_arn,
                repository_arns=needs.repository_arns,
                input_prefixes=needs.input_prefixes,
                input_key_arns=needs.input_key_arns,
                secret_arns=needs.secret_arns,
                secret_key_arns=needs.secret_key_arns,
                file_systems=needs.file_systems,
                vpc_id=self.network.vpc_id,
                subnet_ids=self.network.private_subnet_ids,
                security_group_ids=[self.network.training_security_group_id],
                volume_encryption=needs.volume_encryption,
                permissions_boundary=self._settings.permissions_boundary or None,
            ),
            self._child(),
        )

    def _create_interfaces(self) -> list[TrainingNetworkInterfaces]:
        """What jobs leave in each subnet of the stack's own, or in its group in an existing VPC."""
        own = self.network.own_subnet_ids
        if not own:
            return [self._create_interfaces_of("", "", [])]
        return [
            self._create_interfaces_of(f"-{zone[-1]}", subnet, self.network.zone_dependencies[zone])
            for zone, subnet in own.items()
        ]

    def _create_interfaces_of(
        self, suffix: str, subnet_id: pulumi.Input[str], zone: Sequence[pulumi.Resource]
    ) -> TrainingNetworkInterfaces:
        """SageMaker removes them as the role, so they must be gone before its policy is.

        While they are there, a job may still have something to upload, by the zone's routes.
        """
        return TrainingNetworkInterfaces(
            f"{self._name}-network-interfaces{suffix}",
            TrainingNetworkInterfacesArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                security_group_id=self.network.training_security_group_id,
                subnet_id=subnet_id,
            ),
            pulumi.ResourceOptions(
                parent=self, depends_on=[*self.execution_role.dependencies, *zone]
            ),
        )

    def _create_alerts(self, alerts: AlertSettings | None) -> Alerts | None:
        if alerts is None:
            return None
        return Alerts(
            f"{self._name}-alerts",
            AlertsArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                job_name_prefix=f"{self._name}-",
                bucket_name=self.artifact_store.bucket_name,
                key_arn=self.artifact_store.key_arn,
                emails=alerts.emails,
                slack=alerts.slack.channel if alerts.slack else None,
                failures_per_day=alerts.failures_per_day,
                prolonged=alerts.prolonged.jobs if alerts.prolonged else None,
                budget=alerts.budget(self._settings.team),
                permissions_boundary=self._settings.permissions_boundary or None,
            ),
            self._child(),
        )

    def _create_deployer(self, deployer: DeployerSettings | None) -> DeployerRole | None:
        if deployer is None:
            return None
        return DeployerRole(
            f"{self._name}-deployer",
            DeployerRoleArgs(
                account_id=self._args.account_id,
                region=self._args.region,
                name_prefix=self._name,
                trusted_principals=deployer.trusted_principals,
                github_subjects=deployer.github_subjects,
                tags=self._args.tags,
                limits=launch_limits(self._settings.jobs.values()),
                repository_arns=self._needs.repository_arns,
                permissions_boundary=self._settings.permissions_boundary or None,
                alerts=self.alerts is not None,
                execution_role_arn=self.execution_role.arn,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                key_arn=self.artifact_store.key_arn,
                subnet_ids=self.network.private_subnet_ids,
                security_group_ids=[self.network.training_security_group_id],
            ),
            self._child(),
        )

    def _create_lineages(self) -> TrainingJobLineages:
        """Its name is the same for every team: where a stack's team changes, its jobs left it."""
        return TrainingJobLineages(
            "lineages",
            {self._job_name(name): self._settings.lineage(name) for name in self._settings.jobs},
            owner=self.artifact_store.bucket_name,
            account_id=self._args.account_id,
            region=self._args.region,
            opts=self._child(),
        )

    def _job_name(self, name: str) -> str:
        """What a job is called as a resource."""
        return f"{self._name}-{name}"

    def _create_job(self, name: str) -> TrainingJob:
        settings, lineage = self._settings.jobs[name], self._settings.lineage(name)
        uploads = self._create_uploads(name, lineage)
        return TrainingJob(
            self._job_name(name),
            TrainingJobArgs(
                job=settings,
                placement=self._placement(lineage, uploads),
                lineage=lineage,
                earlier_names=self._settings.earlier_names(name),
                owner=self.artifact_store.bucket_name,
                account_id=self._args.account_id,
                region=self._args.region,
                source_hash=uploads.source_hash,
                launch=self._settings.enable_training_job,
                preflight=self._settings.preflight,
            ),
            # A job must start after, and end before, everything that it works with: without the
            # role's policy, say, a job that is being stopped could not save its last checkpoint.
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *self.artifact_store.dependencies,
                    *self.network.dependencies,
                    *self.execution_role.dependencies,
                    *self._interfaces,
                    *(self.alerts.dependencies if self.alerts else []),
                    *uploads.dependencies,
                    self._lineages,
                ],
            ),
        )

    def _create_uploads(self, name: str, lineage: str) -> JobUploads:
        return JobUploads(
            f"{self._name}-{name}-uploads",
            JobUploadsArgs(
                job=self._settings.jobs[name],
                lineage=lineage,
                project=self._args.project,
                bucket_name=self.artifact_store.bucket_name,
                bucket_ready=self.artifact_store.dependencies,
            ),
            self._child(),
        )

    def _create_completion(self) -> TrainingJobCompletion | None:
        """Waits for the jobs that run; a paused one has no end to wait for."""
        if not self._settings.wait_for_completion:
            return None
        settings = self._settings.jobs
        running = {name: job for name, job in self.jobs.items() if not settings[name].paused}
        return TrainingJobCompletion(
            f"{self._name}-completion",
            running,
            [settings[name] for name in running],
            self._args.region,
            self._child(),
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

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)
