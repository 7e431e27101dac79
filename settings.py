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
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import Field

from components.problems import Problem, report
from components.stack_rules import region_problems, stack_problems
from components.stack_settings import Settings
from components.validation import REQUIRED, SettingsModel, validate

NAMESPACE = "sagemaker-training"


class AwsSettings(SettingsModel):
    """The standard `aws:*` keys that the provider and the job's own AWS session share."""

    region: str = Field(description="The AWS region, as us-east-1.")
    profile: str | None = Field(
        default=None, description="The profile of the AWS configuration files."
    )
    assume_roles: list[dict[str, Any]] = Field(
        default=[],
        description="The roles to assume, one after the other: {roleArn, sessionName, externalId}.",
    )
    endpoints: list[dict[str, str]] = Field(
        default=[], description="Addresses of services that are not AWS's own: {s3: https://…}."
    )
    allowed_account_ids: list[str] = Field(
        default=[], description="The accounts that the stack may be built in; empty for any."
    )


def load(project: Path) -> tuple[Settings, AwsSettings]:
    """The settings of the stack whose program runs in the folder `project`.

    Raises:
        pulumi.RunError: with every problem that the settings have.
    """
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    secret = {*runtime_config.get_config_secret_keys_env(), *runtime_config._SECRET_KEYS.get()}
    settings, problems = parse(_section(values, NAMESPACE, Settings), project)
    problems = [*_secret_problems(values, secret), *_region_problems(values), *problems]
    if settings is not None and "aws:region" in values:
        problems += region_problems(settings, str(values["aws:region"]))
    if problems or settings is None:
        raise pulumi.RunError(report(problems))
    return settings, AwsSettings.model_validate(_known_aws(values))


def parse(raw: Mapping[str, Any], project: Path) -> tuple[Settings | None, list[Problem]]:
    """The settings in `raw`, and all that is wrong with them; None where they can't be built."""
    settings, problems = validate(Settings, dict(raw))
    judged = settings or validate(Settings, {**raw, "team": "team"})[0]
    if judged is None:
        return None, problems
    broken = [each for each in stack_problems(judged, project) if not _follows(each, problems)]
    return settings, [*problems, *broken]


def _follows(problem: Problem, others: list[Problem]) -> bool:
    """Whether it is told already, or is there only because a job's or the team's value is none."""
    if problem.path in {other.path for other in others}:
        return True
    lacking = {_job_of(other.path) for other in others if other.rule == REQUIRED}
    # Which lineages a job may resume from depends on the team.
    nameless = problem.path.endswith(".resumeFrom") and "team" in {other.path for other in others}
    return nameless or (_job_of(problem.path) or None) in lacking


def _job_of(path: str) -> str:
    """The part of a path that leads to a job; "" where it leads elsewhere."""
    found = re.match(r"jobs\.[^.]+", path)
    return found[0] if found else ""


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
