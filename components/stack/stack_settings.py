"""All settings of one stack, as `Pulumi.<stack>.yaml` has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from components.alerts.alert_settings import AlertSettings
from components.artifact_store.artifact_settings import ArtifactSettings
from components.deployer.deployer_settings import DeployerSettings
from components.instances import training_instance_types
from components.network.network_settings import NetworkSettings
from components.site import COST_TAG, Site
from components.stack.tracking_settings import TrackingSettings
from components.training_job.settings.job_settings import NAME_PATTERN, JobSettings
from components.validation import SettingsModel, section_or_switch

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$", max_length=32)]

LONGEST_RUN = 16
"""The most characters of a run's name."""

STACK_TAGS = frozenset({COST_TAG, "environment", "cost-center", "stack"})
"""The tags of everything that a stack builds and launches."""


def _false_is_none(value: Any) -> Any:
    """`deployer: false` is no deployer; Pulumi.yaml takes no null as a default."""
    return None if value is False else value


def _range_is_network(value: Any) -> Any:
    """`network: 10.64.0.0/16` is a network of this range; `pulumi new` asks only for texts."""
    return {"cidr": value} if isinstance(value, str) else value


def _types_of(jobs: Iterable[JobSettings]) -> set[str]:
    variants = (variant for job in jobs for variant in job.variants)
    return {group.instance_type for variant in variants for group in variant.groups}


class Settings(SettingsModel):
    """All settings of one stack."""

    team: Name = Field(
        description="The team's name: up to 32 lower-case letters, digits and single hyphens."
    )
    environment: Name = Field(
        default="dev",
        description="The environment's name: up to 32 lower-case letters, digits and hyphens.",
    )
    cost_center: str = Field(
        default="",
        description="The cost centre that the team is billed to. It becomes a tag: up to 256 "
        "letters, digits, spaces and _ . : / = + - @.",
    )
    enable_training_job: bool = Field(
        default=False,
        description="The launch switch: true launches the jobs, false launches and stops nothing.",
    )
    run: str = Field(
        default="",
        max_length=LONGEST_RUN,
        pattern=f"^({NAME_PATTERN})?$",
        description="The run of all recurring jobs, as 2026-w48: up to 16 lower-case letters, "
        "digits and single hyphens. Another one launches each of them once; without it they are "
        "not launched.",
    )
    preflight: bool = Field(
        default=True,
        description="Whether AWS is asked, before a launch, if the account's quotas are enough, "
        "if the job's training plan fits, if its image, inputs and role exist, and what the role "
        "may do: true or false. If something is missing, nothing is stopped or created.",
    )
    wait_for_completion: bool = Field(
        default=False,
        description="Whether `pulumi up` waits until the jobs have ended: true or false.",
    )
    network: Annotated[
        NetworkSettings,
        BeforeValidator(_range_is_network, json_schema_input_type=NetworkSettings | str),
    ] = Field(
        default=NetworkSettings(),
        description="The network: {cidr, availabilityZones}, or only its range, as 10.64.0.0/16.",
    )
    artifacts: ArtifactSettings = Field(
        default=ArtifactSettings(), description="The artifact store: {retain, checkpointDays}."
    )
    alerts: Annotated[
        AlertSettings | None,
        BeforeValidator(section_or_switch, json_schema_input_type=AlertSettings | bool),
    ] = Field(
        default=AlertSettings(),
        description="Alerts: {emails, slack, prolonged, idle, monthlyBudgetUsd, dashboard}, or "
        "false for none.",
    )
    deployer: Annotated[
        DeployerSettings | None,
        BeforeValidator(_false_is_none, json_schema_input_type=DeployerSettings | Literal[False]),
    ] = Field(
        default=None,
        description="A role for a pipeline that deploys the stack, after an administrator has "
        "built it for the first time: {trustedPrincipals, githubSubjects}, or false for none.",
    )
    tracking: Annotated[
        TrackingSettings | None,
        BeforeValidator(_false_is_none, json_schema_input_type=TrackingSettings | Literal[False]),
    ] = Field(
        default=None,
        description="Where `python -m tracking sync` shows the jobs' metrics: "
        "{mlflow or weightsAndBiases, experiment}, or false for nowhere.",
    )
    permissions_boundary: str = Field(
        default="",
        description="The ARN of a policy that limits every role of the stack, as "
        "arn:aws:iam::123456789012:policy/boundary.",
    )
    jobs: dict[Name, JobSettings] = Field(
        default={}, description="The training jobs by name: {llm-finetune: {image, source, …}}."
    )

    @property
    def name_prefix(self) -> str:
        """What the names of the stack's resources and jobs begin with."""
        return f"{self.team}-{self.environment}"

    @property
    def has_dashboard(self) -> bool:
        """Whether the stack has a dashboard."""
        return self.alerts is not None and self.alerts.dashboard

    @property
    def tracking_place(self) -> dict[str, str]:
        """Server and experiment where the jobs' metrics are shown; empty where they are not."""
        if self.tracking is None:
            return {}
        experiment = {"experiment": self.tracking.experiment or self.name_prefix}
        if entity := self.tracking.weights_and_biases:
            return {"weightsAndBiases": entity, **experiment}
        return {"mlflow": self.tracking.mlflow, **experiment}

    @property
    def largest_job(self) -> int:
        """The number of instances of the largest job, on whichever of its fallbacks.

        Of a job that is tuned, those of all trials that run at once: nothing spreads them over
        zones.
        """
        variants = (variant for job in self.jobs.values() for variant in job.variants)
        return max((variant.instances_at_once for variant in variants), default=0)

    @property
    def uses_efa(self) -> bool:
        """Whether the instances of a job with several have an Elastic Fabric Adapter."""
        listed = training_instance_types()
        variants = (variant for job in self.jobs.values() for variant in job.variants)
        jobs = [variant for variant in variants if variant.total_instances > 1]
        return any(listed[each].efa_supported for each in _types_of(jobs) if each in listed)

    @property
    def instance_types(self) -> set[str]:
        """The instance types of all jobs, and of their fallbacks."""
        return _types_of(self.jobs.values())

    def lineage(self, job: str) -> str:
        """The name of a job's lineage: the chain of its runs, which share their checkpoints."""
        settings, own = self.jobs[job], self.own_lineage(job)
        if settings.recurring:
            return f"{own}-{self.run}" if self.run else own
        return settings.resume_from or (f"{own}-{settings.fresh}" if settings.fresh else own)

    def own_lineage(self, job: str) -> str:
        """The lineage that bears only the job's name; the runs of a recurring job add theirs."""
        return f"{self.name_prefix}-{job}"

    def lasting_lineage(self, job: str) -> str:
        """The lineage of a job, the same for all runs of a recurring one."""
        return self.own_lineage(job) if self.jobs[job].recurring else self.lineage(job)

    @property
    def lasting_lineages(self) -> dict[str, str]:
        """The lasting lineages of all jobs by their names."""
        return {name: self.lasting_lineage(name) for name in self.jobs}

    def launches(self, job: str) -> bool:
        """Whether a job may be launched: the switch is on, and a recurring one has a run."""
        return self.enable_training_job and bool(self.run or not self.jobs[job].recurring)

    def earlier_resource_names(self, job: str) -> list[str]:
        """The names that a job's resource may have had before, with the lineage that it has now.

        A lineage is the name of a resource, or such a name, a hyphen and a `fresh`. As both may
        have hyphens, each beginning of the lineage is one of the names. A name that another job
        of the stack has now is none of them.
        """
        parts = self.lasting_lineage(job).split("-")
        names = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
        others = {f"{self.name_prefix}-{name}" for name in self.jobs}
        return [
            each for each in names if each.startswith(f"{self.name_prefix}-") and each not in others
        ]

    def site(self, account_id: str, region: str, stack: str, zones: Sequence[str] = ()) -> Site:
        """The site that the stack is built in."""
        return Site(
            account_id,
            region,
            self.name_prefix,
            zones,
            self.tags(stack),
            self.permissions_boundary or None,
        )

    def tags(self, stack: str) -> dict[str, str]:
        """The tags of everything that the stack builds and launches."""
        tags = {
            COST_TAG: self.team,
            "environment": self.environment,
            "cost-center": self.cost_center,
            "stack": stack,
        }
        return {key: value for key, value in tags.items() if value}
