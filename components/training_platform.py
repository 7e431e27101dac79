"""Everything that one team's stack builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi

from components.alerts.alerts import Alerts, AlertsArgs
from components.artifact_layout import ArtifactLayout, object_uri
from components.artifact_store.artifact_store import ArtifactStore, ArtifactStoreArgs
from components.deployer.deployer_role import DeployerRole, DeployerRoleArgs
from components.deployer.deployer_scope import DeployerScope, launch_limits
from components.execution_role.execution_documents import ExecutionScope
from components.execution_role.execution_role import ExecutionRole, ExecutionRoleArgs
from components.instances import family_prices
from components.network.endpoints import EndpointService
from components.network.network import Network, NetworkArgs
from components.network.network_interfaces import (
    TrainingNetworkInterfaces,
    TrainingNetworkInterfacesArgs,
)
from components.site import Site
from components.stack.stack_settings import Settings
from components.training_job.code_channel.job_uploads import JobUploads, JobUploadsArgs
from components.training_job.job_report import job_report, only_name, total_cost
from components.training_job.request.cost import Cost, total_of
from components.training_job.request.job_inputs import costs_of
from components.training_job.request.training_request import Placement, last_run_channels
from components.training_job.resource import (
    TrainingJob,
    TrainingJobCompletion,
    TrainingJobLineages,
    TuningJob,
    job_inputs,
)
from components.training_job.run_report.quantities import dollars
from components.training_job.settings.job_needs import needs_of
from components.training_job.tuning_report import tuning_report


class TrainingPlatform(pulumi.ComponentResource):
    """A private, encrypted, least-privilege place to train, and the jobs that train there.

    Its name is the prefix of the jobs' lineages. It comes from team and environment and not from
    the stack's name, so that a stack can be renamed without launching anything.
    """

    artifact_store: ArtifactStore
    network: Network
    execution_role: ExecutionRole
    alerts: Alerts | None
    deployer: DeployerRole | None
    jobs: dict[str, TrainingJob | TuningJob]

    def __init__(
        self,
        site: Site,
        settings: Settings,
        project: Path,
        endpoint_services: Mapping[str, EndpointService] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Builds the whole stack.

        Args:
            site: the stack's site.
            settings: the stack's settings.
            project: the folder from which paths in the settings start.
            endpoint_services: what EC2 says about the services of the interface endpoints.
            opts: the options of the component.
        """
        self._name = site.prefix
        super().__init__("sagemaker-training:index:TrainingPlatform", self._name, None, opts)
        self._site, self._settings, self._project = site, settings, project
        self._endpoint_services = endpoint_services or {}
        self._needs = needs_of(settings.jobs.values())

        # The bucket's policy names the S3 endpoint, the execution role and the deployer. They are
        # made later, as their own policies name the bucket.
        s3_endpoint_id, resolve_s3_endpoint = pulumi.deferred_output()  # type: ignore[var-annotated]
        role_arn, resolve_role = pulumi.deferred_output()  # type: ignore[var-annotated]
        deployer_arn, resolve_deployer = pulumi.deferred_output()  # type: ignore[var-annotated]
        self.artifact_store = self._create_artifact_store(s3_endpoint_id, role_arn, deployer_arn)
        self.network = self._create_network()
        resolve_s3_endpoint(self.network.s3_endpoint_id)
        self.execution_role = self._create_execution_role()
        resolve_role(self.execution_role.arn)
        self._interfaces = self._create_interfaces()
        self.alerts = self._create_alerts()
        self.deployer = self._create_deployer()
        resolve_deployer(self.deployer_arn)
        self._lineages = self._create_lineages()
        self._costs: list[tuple[Cost, Cost]] = []
        self.jobs = {job: self._create_job(job) for job in settings.jobs}
        self._show_costs()
        self._completion = self._create_completion()

        self.register_outputs(
            {"training_jobs": self.training_jobs, "tuning_jobs": self.tuning_jobs}
        )

    @property
    def training_jobs(self) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """The outputs of each job that is not tuned, by its name in the settings."""
        trained = {name: job for name, job in self.jobs.items() if isinstance(job, TrainingJob)}
        return _together({name: job_report(job, self._results) for name, job in trained.items()})

    @property
    def tuning_jobs(self) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """The outputs of each job that is tuned, by its name in the settings."""
        tuned = {name: job for name, job in self.jobs.items() if isinstance(job, TuningJob)}
        return _together({name: tuning_report(job, self._results) for name, job in tuned.items()})

    @property
    def training_cost_usd(self) -> pulumi.Output[dict[str, float | str]]:
        """What all jobs cost together: at most, expected, and so far."""
        reports = pulumi.Output.all(self.training_jobs, self.tuning_jobs)
        return reports.apply(
            lambda kinds: total_cost(job for jobs in kinds for job in jobs.values())
        )

    @property
    def training_job_name(self) -> pulumi.Output[str]:
        """The name of the only launched training job; "" if there is none, or more than one."""
        trained = (job for job in self.jobs.values() if isinstance(job, TrainingJob))
        return pulumi.Output.all(*(job.training_job_name for job in trained)).apply(only_name)

    @property
    def _results(self) -> pulumi.Output[dict[str, dict[str, Any]]]:
        """How each job ended that the stack waited for."""
        return self._completion.results if self._completion else pulumi.Output.from_input({})

    @property
    def deployer_arn(self) -> pulumi.Output[str]:
        """The deployer role's ARN, "" if there is none."""
        return self.deployer.arn if self.deployer else pulumi.Output.from_input("")

    def _create_artifact_store(
        self,
        s3_endpoint_id: pulumi.Output[str],
        execution_role_arn: pulumi.Output[str],
        deployer_arn: pulumi.Output[str],
    ) -> ArtifactStore:
        return ArtifactStore(
            f"{self._name}-store",
            ArtifactStoreArgs(
                site=self._site,
                settings=self._settings.artifacts,
                alerts=self._settings.alerts is not None,
                s3_endpoint_id=s3_endpoint_id,
                execution_role_arn=execution_role_arn,
                deployer_arns=[deployer_arn] if self._settings.deployer else [],
            ),
            self._child(),
        )

    def _create_network(self) -> Network:
        return Network(
            f"{self._name}-network",
            NetworkArgs(
                site=self._site,
                settings=self._settings.network,
                needs=self._needs,
                artifact_bucket_arn=self.artifact_store.bucket_arn,
                flow_log_key_arn=self.artifact_store.key_arn,
                endpoint_services=self._endpoint_services,
            ),
            self._child(),
        )

    def _create_execution_role(self) -> ExecutionRole:
        scope = pulumi.Output.all(vpc_id=self.network.vpc_id, **self._surroundings()).apply(
            lambda known: ExecutionScope(site=self._site, needs=self._needs, **known)
        )
        return ExecutionRole(
            f"{self._name}-execution",
            ExecutionRoleArgs(self._site, scope, tunes=self._needs.tuning),
            self._child(),
        )

    def _surroundings(self) -> dict[str, pulumi.Input[Any]]:
        """The jobs' bucket, key and network, which the policies of both roles name."""
        return {
            "artifact_bucket_arn": self.artifact_store.bucket_arn,
            "key_arn": self.artifact_store.key_arn,
            "subnet_ids": self.network.private_subnet_ids,
            "security_group_ids": [self.network.training_security_group_id],
        }

    def _create_interfaces(self) -> list[TrainingNetworkInterfaces]:
        """The network interfaces that jobs leave behind.

        One resource for each subnet that the stack makes, or one for all in an existing VPC.
        """
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
        """Interfaces that are removed before the role's policy and the zone's routes are.

        SageMaker removes them as the role. Until then, a job may still upload something.
        """
        return TrainingNetworkInterfaces(
            f"{self._name}-network-interfaces{suffix}",
            TrainingNetworkInterfacesArgs(
                site=self._site,
                security_group_id=self.network.training_security_group_id,
                subnet_id=subnet_id,
            ),
            pulumi.ResourceOptions(
                parent=self, depends_on=[*self.execution_role.dependencies, *zone]
            ),
        )

    def _create_alerts(self) -> Alerts | None:
        if self._settings.alerts is None:
            return None
        return Alerts(
            f"{self._name}-alerts",
            AlertsArgs(
                site=self._site,
                settings=self._settings.alerts,
                bucket_name=self.artifact_store.bucket_name,
                key_arn=self.artifact_store.key_arn,
                tunes=self._needs.tuning,
                waiting_is_limited=any(
                    job.max_pending is not None for job in self._settings.jobs.values()
                ),
                metrics=[name for job in self._settings.jobs.values() for name in job.metrics],
                # A type of another family needs an administrator anyway, who deploys the alerts.
                prices=family_prices(self._settings.instance_types),
            ),
            self._child(),
        )

    def _create_deployer(self) -> DeployerRole | None:
        settings = self._settings.deployer
        if settings is None:
            return None
        scope = pulumi.Output.all(
            execution_role_arn=self.execution_role.arn, **self._surroundings()
        ).apply(
            lambda known: DeployerScope(
                site=self._site,
                limits=launch_limits(self._settings.jobs.values()),
                alerts=self.alerts is not None,
                dashboard=self._settings.has_dashboard,
                repository_arns=self._needs.repository_arns,
                tunes=self._needs.tuning,
                tracking=self._settings.tracking.place if self._settings.tracking else "",
                waits=self._settings.wait_for_completion,
                **known,
            )
        )
        return DeployerRole(
            f"{self._name}-deployer",
            DeployerRoleArgs(self._site, settings, scope),
            self._child(),
        )

    def _create_lineages(self) -> TrainingJobLineages:
        """The record of the stack's lineages.

        Its name has no team in it. So it stays when the team changes, and sees that the lineages
        with the old team's name have left the stack.
        """
        return TrainingJobLineages(
            "lineages",
            {
                self._job_name(name): lineage
                for name, lineage in self._settings.lasting_lineages.items()
            },
            owner=self.artifact_store.bucket_name,
            account_id=self._site.account_id,
            region=self._site.region,
            opts=self._child(),
            tunings={
                self._job_name(name): self._site.tuning_job_prefix(name)
                for name, job in self._settings.jobs.items()
                if job.tuning
            },
        )

    def _job_name(self, name: str) -> str:
        """What a job is called as a resource."""
        return f"{self._name}-{name}"

    def _create_job(self, name: str) -> TrainingJob | TuningJob:
        settings, lineage = self._settings.jobs[name], self._settings.lineage(name)
        lasting = self._settings.lasting_lineage(name)
        uploads = self._create_uploads(name, lasting)
        inputs = job_inputs(
            settings,
            self._placement(lineage, uploads),
            lineage=lineage,
            owner=self.artifact_store.bucket_name,
            account_id=self._site.account_id,
            region=self._site.region,
            source_hash=uploads.source_hash,
            recurring=lasting if settings.recurring else None,
            last_runs=last_run_channels(settings, self._settings.lasting_lineages) or None,
            launch=self._settings.launches(name),
            preflight=self._settings.preflight,
            tuning_name_prefix=self._site.tuning_job_prefix(name) if settings.tuning else None,
        )
        self._costs.append(costs_of(vars(inputs)))
        return (TuningJob if settings.tuning else TrainingJob)(
            self._job_name(name),
            inputs,
            # A job must start after, and end before, everything that it works with. For example,
            # without the role's policy a job that is being stopped could not save its checkpoint.
            # Without its aliases, a job of another name would be a new resource, which adopts the
            # run that the engine then stops as it deletes the old one.
            pulumi.ResourceOptions(
                parent=self,
                aliases=[
                    pulumi.Alias(name=earlier)
                    for earlier in self._settings.earlier_resource_names(name)
                ],
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

    def _show_costs(self) -> None:
        """Says in a preview what all jobs can cost: the first one shows no output of a job."""
        if self._costs and pulumi.runtime.is_dry_run():
            ceiling, expected = map(total_of, zip(*self._costs, strict=True))
            text = f"all jobs: cost ceiling {_amount(ceiling)}, expected cost {_amount(expected)}"
            pulumi.info(text, self)

    def _create_uploads(self, name: str, lineage: str) -> JobUploads:
        return JobUploads(
            f"{self._name}-{name}-uploads",
            JobUploadsArgs(
                job=self._settings.jobs[name],
                lineage=lineage,
                project=self._project,
                bucket_name=self.artifact_store.bucket_name,
                bucket_ready=self.artifact_store.dependencies,
            ),
            self._child(),
        )

    def _create_completion(self) -> TrainingJobCompletion | None:
        """Waits for the end of all jobs but the paused ones, which do not run."""
        if not self._settings.wait_for_completion:
            return None
        settings = self._settings.jobs
        running = {name: job for name, job in self.jobs.items() if not settings[name].paused}
        return TrainingJobCompletion(
            f"{self._name}-completion",
            running,
            [settings[name] for name in running],
            self._site.region,
            self._child(),
        )

    def _placement(self, lineage: str, uploads: JobUploads) -> Placement:
        layout = ArtifactLayout(lineage)
        return Placement(
            role_arn=self.execution_role.arn,
            key_arn=self.artifact_store.key_arn,
            subnet_ids=self.network.private_subnet_ids,
            security_group_ids=[self.network.training_security_group_id],
            output_uri=self._uri(layout.output),
            checkpoint_uri=self._uri(layout.checkpoints),
            code_uri=uploads.code_uri,
            input_uris=uploads.input_uris,
            tags=self._site.tags,
        )

    def _uri(self, key: str) -> pulumi.Output[str]:
        return self.artifact_store.bucket_name.apply(lambda bucket: object_uri(bucket, key))

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def _amount(cost: Cost) -> str:
    return cost if isinstance(cost, str) else dollars(cost)


def _together(
    reports: Mapping[str, pulumi.Output[dict[str, Any]]],
) -> pulumi.Output[dict[str, dict[str, Any]]]:
    """Several reports as one output."""
    return pulumi.Output.all(**reports) if reports else pulumi.Output.from_input({})
