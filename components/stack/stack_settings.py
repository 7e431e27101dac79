"""All settings of one stack, as they stand in `Pulumi.<stack>.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from components.alerts.alerts import MonthlyBudget, ProlongedJobs, SlackChannel
from components.network.existing_network import ExistingNetwork
from components.seconds import Seconds
from components.training_job.settings.job_settings import NAME_PATTERN, JobSettings
from components.validation import SettingsModel

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$", max_length=32)]
FlowLogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip
"""The retentions that CloudWatch Logs knows."""

COST_TAG = "team"
"""The tag by which a team's costs are told apart."""

STACK_TAGS = frozenset({COST_TAG, "environment", "cost-center", "stack"})
"""The tags of everything that a stack builds and launches."""


MOST_BUDGET_USD = 10_000_000_000_000
"""From here on a floating-point number can't tell one cent from the next."""


class ExistingVpcSettings(SettingsModel):
    """A VPC that somebody else made."""

    vpc_id: str = Field(description="The VPC's id, as vpc-0123456789abcdef0.")
    subnet_ids: list[str] = Field(
        min_length=1, max_length=16, description="Its private subnets' ids, 1 to 16."
    )
    s3_endpoint_id: str = Field(default="", description="Its S3 gateway endpoint's id, if any.")
    endpoint_group_id: str = Field(
        default="", description="The security group of its interface endpoints, if any."
    )

    @property
    def network(self) -> ExistingNetwork:
        """The VPC as the network component takes it."""
        return ExistingNetwork(
            self.vpc_id, self.subnet_ids, self.s3_endpoint_id, self.endpoint_group_id
        )


class NetworkSettings(SettingsModel):
    """The private network that the jobs run in."""

    cidr: str = Field(
        default="10.64.0.0/16",
        description="The VPC's private IPv4 range, /16 to /24, as 10.64.0.0/16.",
    )
    availability_zones: int = Field(
        default=2, ge=1, le=6, description="The number of availability zones, 1 to 6."
    )
    interface_endpoints: list[str] = Field(
        default=[],
        description="Services that get an interface endpoint, as logs or ecr.api; each costs by "
        "the hour and zone.",
    )
    flow_log_days: FlowLogDays = Field(
        default=365,
        description="How many days the VPC's flow logs are kept, one of CloudWatch's retentions.",
    )
    nat: Literal["none", "single", "per-zone"] = Field(
        default="none",
        description="Whether jobs reach the internet through NAT gateways: none, single or "
        "per-zone; each gateway costs by the hour.",
    )
    existing: ExistingVpcSettings | None = Field(
        default=None,
        description="A VPC to use instead of an own one: {vpcId, subnetIds, s3EndpointId}.",
    )


class ArtifactSettings(SettingsModel):
    """The bucket and key that hold what goes into the jobs and comes out of them."""

    retain: bool = Field(
        default=True,
        description="Whether bucket, key and their controls outlive the stack: true or false.",
    )
    checkpoint_days: int = Field(
        default=30, ge=1, description="How many days a checkpoint is kept after it was written."
    )
    noncurrent_days: int = Field(
        default=30,
        ge=1,
        description="How many days an overwritten or deleted object can be brought back, and is "
        "billed: each checkpoint that a job replaces is kept for so long.",
    )
    existing_bucket: str | None = Field(
        default=None,
        description="The name of a bucket that an earlier stack retained, to take it back.",
    )
    access_log_bucket: str | None = Field(
        default=None, description="The name of a bucket that receives access logs."
    )
    vpc_only: bool = Field(
        default=False,
        description="Whether objects are reached through the VPC's endpoint alone: true or false.",
    )
    exempt_principals: list[str] = Field(
        default=[],
        description="ARNs of those who may reach them another way with vpcOnly: the deployers.",
    )


class SlackSettings(SettingsModel):
    """A channel of a Slack workspace that is connected to AWS."""

    workspace_id: Annotated[str, StringConstraints(pattern="^[0-9A-Z]{1,255}$")] = Field(
        description="The Slack workspace's id, as T0123456789."
    )
    channel_id: Annotated[str, StringConstraints(pattern="^[0-9A-Za-z]{1,255}$")] = Field(
        description="The Slack channel's id, as C0123456789."
    )

    @property
    def channel(self) -> SlackChannel:
        """The channel as the alerts component takes it."""
        return SlackChannel(self.workspace_id, self.channel_id)


class ProlongedSettings(SettingsModel):
    """From when on a job is prolonged."""

    after: Seconds = Field(
        ge=60, description="The age from which on a job is prolonged, waiting included, as in 12h."
    )
    stop: bool = Field(
        default=False, description="Whether a prolonged job is stopped: true or false."
    )

    @property
    def jobs(self) -> ProlongedJobs:
        """The limit as the alerts component takes it."""
        return ProlongedJobs(seconds=self.after, stop=self.stop)


class AlertSettings(SettingsModel):
    """Who is told when a job ends badly, takes too long, or the month costs too much."""

    emails: list[str] = Field(default=[], description="Addresses that get a mail.")
    slack: SlackSettings | None = Field(
        default=None, description="A channel that gets a message: {workspaceId, channelId}."
    )
    failures_per_day: int = Field(
        default=3, ge=1, description="How many failed jobs in a day raise an alarm, 1 or more."
    )
    prolonged: ProlongedSettings | None = Field(
        default=None, description="From when on a job is prolonged: {after, stop}."
    )
    monthly_budget_usd: float | None = Field(
        default=None,
        gt=0,
        lt=MOST_BUDGET_USD,
        allow_inf_nan=False,
        description="What the team is expected to spend in a month at most, in USD, in whole "
        "cents: told at 80 % "
        "and 100 %, and where it is forecast to be exceeded; nothing is stopped. It counts what "
        "carries the team's tag, once that is activated as a cost allocation tag of the account.",
    )

    def budget(self, team: str) -> MonthlyBudget | None:
        """The team's monthly budget, by the cost-allocation tag."""
        if self.monthly_budget_usd is None:
            return None
        return MonthlyBudget(self.monthly_budget_usd, COST_TAG, team)


class DeployerSettings(SettingsModel):
    """Who may act as the stack's deployer, a role for a pipeline that runs `pulumi up`."""

    trusted_principals: list[str] = Field(
        default=[],
        description="ARNs of the roles and users that may assume the role, without patterns.",
    )
    github_subjects: list[str] = Field(
        default=[],
        description="Subjects of GitHub's tokens that may, as "
        "repo:acme/platform:environment:production, without patterns.",
    )


def _alerts(value: Any) -> Any:
    """`alerts: true` is alerts with their defaults, `alerts: false` is none."""
    return ({} if value else None) if isinstance(value, bool) else value


def _none(value: Any) -> Any:
    """`deployer: false` is none, which Pulumi.yaml can't say otherwise of a default."""
    return None if value is False else value


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
        description="The cost centre that the team is billed to, a tag: up to 256 letters, digits, "
        "spaces and _ . : / = + - @.",
    )
    enable_training_job: bool = Field(
        default=False,
        description="The launch switch: true launches the jobs, false launches and stops nothing.",
    )
    preflight: bool = Field(
        default=True,
        description="Whether a launch is held against the account's quotas, and its image, inputs "
        "and role are looked for, before anything is stopped or made: true or false.",
    )
    wait_for_completion: bool = Field(
        default=False, description="Whether `pulumi up` waits until the jobs have ended."
    )
    network: NetworkSettings = Field(
        default=NetworkSettings(), description="The network: {cidr, availabilityZones}."
    )
    artifacts: ArtifactSettings = Field(
        default=ArtifactSettings(), description="The artifact store: {retain, checkpointDays}."
    )
    alerts: Annotated[
        AlertSettings | None, BeforeValidator(_alerts, json_schema_input_type=AlertSettings | bool)
    ] = Field(
        default=AlertSettings(),
        description="Alerts: {emails, slack, prolonged, monthlyBudgetUsd}, or false for none.",
    )
    deployer: Annotated[
        DeployerSettings | None,
        BeforeValidator(_none, json_schema_input_type=DeployerSettings | Literal[False]),
    ] = Field(
        default=None,
        description="A role for the pipeline that deploys the stack once an administrator has "
        "built it: {trustedPrincipals, githubSubjects}, or false for none.",
    )
    permissions_boundary: str = Field(
        default="",
        description="The ARN of the policy that bounds every role of the stack, as "
        "arn:aws:iam::123456789012:policy/boundary, if any.",
    )
    jobs: dict[Name, JobSettings] = Field(
        default={}, description="The training jobs by name: {llm-finetune: {image, source, …}}."
    )

    @property
    def name_prefix(self) -> str:
        """What the names of all of this stack's jobs begin with."""
        return f"{self.team}-{self.environment}"

    def lineage(self, job: str) -> str:
        """The name of a job's lineage, which its runs and their checkpoints share."""
        settings = self.jobs[job]
        own = f"{self.name_prefix}-{job}"
        return settings.resume_from or (f"{own}-{settings.fresh}" if settings.fresh else own)

    def earlier_names(self, job: str) -> list[str]:
        """What a job may have been called as a resource while its lineage was what it is now.

        A lineage is the name of such a resource, or that and a `fresh`; both may have hyphens.
        """
        parts = self.lineage(job).split("-")
        names = ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]
        others = {f"{self.name_prefix}-{name}" for name in self.jobs}
        return [
            each for each in names if each.startswith(f"{self.name_prefix}-") and each not in others
        ]

    def tags(self, stack: str) -> dict[str, str]:
        """The tags of everything that the stack builds and launches."""
        tags = {
            COST_TAG: self.team,
            "environment": self.environment,
            "cost-center": self.cost_center,
            "stack": stack,
        }
        return {key: value for key, value in tags.items() if value}
