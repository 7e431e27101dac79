"""The stack's settings: the only reader of its configuration.

`load` reads the keys of the namespace `sagemaker-training` and the standard `aws:*` keys. It
returns settings that follow all rules that can be checked without AWS, or raises an error that
says everything that is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from components.problems import Problem, report
from components.stack.aws_settings import AwsSettings, parse_aws
from components.stack.lost_forms import lost_forms, with_lost_forms
from components.stack.role_sizes import size_problems
from components.stack.stack_rules import region_problems, stack_problems
from components.stack.stack_settings import Settings
from components.validation import REQUIRED, section, validate

NAMESPACE = "sagemaker-training"


def load(project: Path) -> tuple[Settings, AwsSettings]:
    """The settings of the stack whose program runs in the folder `project`.

    Raises:
        pulumi.RunError: with every problem that the settings have.
    """
    values = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    if renamed := _renamed(values, pulumi.get_project()):
        raise pulumi.RunError(report([renamed]))
    secret = {*runtime_config.get_config_secret_keys_env(), *runtime_config._SECRET_KEYS.get()}
    encrypted = _names(secret, NAMESPACE)
    settings, found = parse(section(values, NAMESPACE, Settings), project)
    aws, problems = parse_aws(section(values, "aws", AwsSettings), _names(secret, "aws"))
    problems += [*_secret_problems(encrypted), *_hidden(found, encrypted)]
    if settings is not None and aws is not None:
        problems += region_problems(settings, aws.region)
        problems = problems or size_problems(settings, aws.region, pulumi.get_stack())
    if problems or settings is None or aws is None:
        raise pulumi.RunError(report(problems))
    return settings, aws


def _renamed(values: Collection[str], project: str) -> Problem | None:
    """The problem of a project whose settings all begin with another name than the program's.

    `pulumi new` asks for the project's name, and the engine puts it before each declared key.
    """
    owners = {key.partition(":")[0] for key in values}
    if NAMESPACE in owners or project not in owners:
        return None
    return Problem(
        "the project's name",
        project,
        f"the settings begin with {NAMESPACE}:, as the commands and the pipeline expect it",
        f"run `pulumi stack rm`, and then `pulumi new` with `--name {NAMESPACE}` in an empty "
        f"folder; or write `name: {NAMESPACE}` into Pulumi.yaml, begin each key of the stack's "
        "file with it, and run `pulumi stack init`",
    )


def parse(raw: Mapping[str, Any], project: Path) -> tuple[Settings | None, list[Problem]]:
    """The settings in `raw`, or None if they can't be built, and all that is wrong with them."""
    settings, found = validate(Settings, dict(raw))
    problems = with_lost_forms(lost_forms(raw), found)
    # Without a team there are no settings. The rules for the others are checked with any team.
    judged = settings or validate(Settings, {**raw, "team": "team"})[0]
    if judged is None:
        return None, problems
    broken = [each for each in stack_problems(judged, project) if not _follows(each, problems)]
    return settings, [*problems, *broken]


def _follows(problem: Problem, found: list[Problem]) -> bool:
    """Whether a broken rule says nothing new beside what was found in single values.

    Either it is about the same value, or about the section that this is in, or it may only be
    broken because another value is missing.
    """
    paths = {each.path for each in found}
    if problem.path in paths:
        return True
    is_section = problem.path != _job_of(problem.path)
    if is_section and any(path.startswith(f"{problem.path}.") for path in paths):
        return True
    if problem.path.endswith(".resumeFrom") and "team" in paths:
        return True  # a lineage begins with the team's name
    job, field = _job_of(problem.path), _field_of(problem.path)
    missing = [each.path for each in found if each.rule == REQUIRED and _job_of(each.path) == job]
    if job is None or not missing:
        return False
    # A rule about a single value in a field has nothing to do with another field of the job.
    is_in_field = field is not None and field != problem.path
    return not is_in_field or field in map(_field_of, missing)


def _job_of(path: str) -> str | None:
    """The part of a path that leads to a job, None in a path that leads elsewhere."""
    found = re.match(r"jobs\.[^.]+", path)
    return found[0] if found else None


def _field_of(path: str) -> str | None:
    """The part of a path that leads to a field of a job, None in a path that leads elsewhere."""
    found = re.match(r"jobs\.[^.]+\.[^.[]+", path)
    return found[0] if found else None


def _names(keys: Iterable[str], namespace: str) -> list[str]:
    """The names of the keys of one namespace, without it."""
    return sorted(key.partition(":")[2] for key in keys if key.startswith(f"{namespace}:"))


def _secret_problems(encrypted: Iterable[str]) -> list[Problem]:
    """Settings become names, tags and parts of a job's record, so none of them may be secret."""
    return [
        Problem(
            key,
            "(hidden)",
            "is encrypted in the stack's file, but a job's record shows its settings in plain text",
            "write it in plain text, and keep secrets in Secrets Manager",
        )
        for key in encrypted
    ]


def _hidden(problems: Iterable[Problem], encrypted: Collection[str]) -> list[Problem]:
    """The problems, without the values of what is encrypted."""
    return [
        replace(each, value="(hidden)") if each.path.partition(".")[0] in encrypted else each
        for each in problems
    ]
