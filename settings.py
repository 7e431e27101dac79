"""The stack's settings: the only reader of its configuration.

`load` reads the keys of the namespace `sagemaker-training` and the standard `aws:*` keys, and
either returns settings that keep every rule that plain values can be held to, or raises with
all that is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import Field, StringConstraints

from components.problems import Problem, report, under
from components.subnets import network_problems
from components.training_job.job import NAME_PATTERN, JobSettings
from components.training_job.rules import job_problems
from components.validation import SettingsModel, validate

NAMESPACE = "sagemaker-training"
_LONGEST_LINEAGE = 63 - len("-01234567-999")

Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$", max_length=32)]


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
    flow_log_days: int = Field(
        default=365, ge=1, description="How many days the VPC's flow logs are kept."
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


class Settings(SettingsModel):
    """All settings of one stack."""

    team: Name = Field(
        description="The team's name: up to 32 lower-case letters, digits and single hyphens."
    )
    environment: Name = Field(
        default="dev",
        description="The environment's name: up to 32 lower-case letters, digits and hyphens.",
    )
    cost_center: str = Field(default="", description="The cost centre that the team is billed to.")
    enable_training_job: bool = Field(
        default=False,
        description="The launch switch: true launches the jobs, false launches and stops nothing.",
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
    jobs: dict[Name, JobSettings] = Field(
        default={}, description="The training jobs by name: {llm-finetune: {image, source, …}}."
    )

    @property
    def name_prefix(self) -> str:
        """What the names of all of this stack's jobs begin with."""
        return f"{self.team}-{self.environment}"

    def tags(self, stack: str) -> dict[str, str]:
        """The tags of everything that the stack builds and launches."""
        tags = {
            "team": self.team,
            "environment": self.environment,
            "cost-center": self.cost_center,
            "stack": stack,
        }
        return {key: value for key, value in tags.items() if value}

    def lineage(self, job: str) -> str:
        """The name of a job's lineage, which its runs and their checkpoints share."""
        return f"{self.name_prefix}-{job}"


class AwsSettings(SettingsModel):
    """The standard `aws:*` keys that the provider and the job's own AWS session share."""

    region: str
    profile: str | None = None
    assume_roles: list[dict[str, Any]] = Field(default=[])
    allowed_account_ids: list[str] = Field(default=[])


def load(project: Path) -> tuple[Settings, AwsSettings]:
    """The settings of the stack whose program runs in the folder `project`.

    Raises:
        pulumi.RunError: with every problem that the settings have.
    """
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    secret = {*runtime_config.get_config_secret_keys_env(), *runtime_config._SECRET_KEYS.get()}
    settings, problems = parse(_section(values, NAMESPACE, Settings), project)
    problems = [*_secret_problems(values, secret), *_region_problems(values), *problems]
    if problems or settings is None:
        raise pulumi.RunError(report(problems))
    return settings, AwsSettings.model_validate(_known_aws(values))


def parse(raw: Mapping[str, Any], project: Path) -> tuple[Settings | None, list[Problem]]:
    """The settings in `raw`, and all that is wrong with them; None where they can't be built."""
    settings, problems = validate(Settings, dict(raw))
    if settings is None:
        return None, problems
    reported = {problem.path for problem in problems}
    broken = [each for each in _rule_problems(settings, project) if each.path not in reported]
    return settings, [*problems, *broken]


def _rule_problems(settings: Settings, project: Path) -> list[Problem]:
    largest = max((job.instance_count for job in settings.jobs.values()), default=0)
    problems = under(
        "network",
        network_problems(settings.network.cidr, settings.network.availability_zones, largest),
    )
    for name, job in settings.jobs.items():
        problems += under(f"jobs.{name}", job_problems(job, project))
        problems += _lineage_problems(name, settings.lineage(name))
    return problems


def _lineage_problems(name: str, lineage: str) -> list[Problem]:
    if len(lineage) <= _LONGEST_LINEAGE:
        return []
    return [
        Problem(
            f"jobs.{name}",
            lineage,
            f"team, environment and job name together may have {_LONGEST_LINEAGE} characters, "
            f"so that a job's name fits SageMaker's 63, but have {len(lineage)}",
            "shorten one of them",
        )
    ]


def _section(
    values: Mapping[str, Any], namespace: str, model: type[SettingsModel]
) -> dict[str, Any]:
    """The values of one namespace, decoded: texts stay texts, all else is JSON."""
    texts = {field.alias for field in model.model_fields.values() if field.annotation is str}
    section = {}
    for key, value in values.items():
        owner, _, name = key.partition(":")
        if owner == namespace:
            section[name] = value if name in texts else _decoded(value)
    return section


def _decoded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _known_aws(values: Mapping[str, Any]) -> dict[str, Any]:
    section = _section(values, "aws", AwsSettings)
    known = {field.alias for field in AwsSettings.model_fields.values()}
    return {key: value for key, value in section.items() if key in known}


def _region_problems(values: Mapping[str, Any]) -> list[Problem]:
    region = values.get("aws:region")
    if isinstance(region, str) and re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        return []
    rule = "is required" if region is None else "is not an AWS region"
    return [Problem("aws:region", region, rule, "set it to a region such as us-east-1")]


def _secret_problems(values: Mapping[str, Any], secret: Collection[str]) -> list[Problem]:
    """Settings end up in tags, names and the job's record, so none of them may be a secret."""
    return [
        Problem(
            key.partition(":")[2],
            "(hidden)",
            "is encrypted in the stack's file, but settings are readable in the job's record",
            "write it in plain text, and keep what is secret in Secrets Manager",
        )
        for key in sorted(values)
        if key in secret and key.startswith(f"{NAMESPACE}:")
    ]
