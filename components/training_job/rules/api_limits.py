"""The API's own limits of a job's settings, from botocore's service model of CreateTrainingJob.

Each setting says itself which member of the request it becomes, by the markers of
`request_members`. The provider later checks the finished request with the same model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from components.problems import Problem
from components.training_job.request.definition import CODE_CHANNEL, as_text
from components.training_job.request.service_model import (
    member_problems,
    member_shape,
    request_shape,
    size_problems,
    value_problems,
)
from components.training_job.request.training_request import launcher_arguments, secret_variables
from components.training_job.request.tuning_request import (
    TOOLKIT_PARAMETERS,
    definition_shape,
    launcher_variable,
)
from components.training_job.settings.job_settings import JobSettings, SourceSettings
from components.training_job.settings.request_members import Becomes, marked_fields
from components.training_job.settings.tuning_settings import TuningSettings
from components.validation import SettingsModel

_OF_THE_STACK = {
    "EnableInterContainerTrafficEncryption": "the stack's encryption, which is always on",
    "OutputDataConfig.KmsKeyId": "artifacts",
    "OutputDataConfig.S3OutputPath": "artifacts",
    "ResourceConfig.VolumeKmsKeyId": "artifacts",
    "RoleArn": "the execution role",
    "TrainingJobName": "the job's name",
    "VpcConfig": "network",
}
"""What the stack puts into each job's request, and the setting or resource that it comes from."""


def limit_problems(job: JobSettings) -> list[Problem]:
    """Every value of a job that is not within the API's own limits."""
    joint = list(_joint_problems(job))
    reported = {each.path for each in joint}
    single = _section_problems(job, request_shape())
    return [*joint, *(each for each in single if each.path not in reported)]


def _section_problems(
    section: SettingsModel, structure: Any, parent: str = ""
) -> Iterator[Problem]:
    """What is wrong with the settings of a section, which becomes a structure of the request."""
    for field in marked_fields(type(section)):
        value, path = getattr(section, field.attribute), f"{parent}{field.key}"
        becomes = field.becomes
        shape = member_shape(becomes.path, structure) if becomes else structure
        if isinstance(value, SettingsModel):
            yield from _section_problems(value, shape, f"{path}.")
        elif becomes and value not in (None, [], {}):  # what is empty is not in the request
            yield from _setting_problems(path, value, becomes, shape)


def _setting_problems(path: str, value: Any, becomes: Becomes, shape: Any) -> Iterator[Problem]:
    if becomes.name:
        yield from size_problems(path, value, shape, "items")
        for name, each in value.items():
            yield from _item_problems(f"{path}.{name}", name, each, becomes, shape.member)
    elif isinstance(value, list):
        yield from size_problems(path, value, shape, "items")
        for position, each in enumerate(value):
            yield from value_problems(f"{path}.{position}", each, shape.member)
    elif isinstance(value, Mapping):
        yield from value_problems(path, {key: as_text(each) for key, each in value.items()}, shape)
    else:
        yield from value_problems(path, value, shape)


def _item_problems(
    path: str, name: str, value: Any, becomes: Becomes, structure: Any
) -> Iterator[Problem]:
    """What is wrong with a named setting, which becomes an item of a list of the request."""
    yield from value_problems(path, name, structure.members[becomes.name])
    if isinstance(value, SettingsModel):
        yield from _section_problems(value, structure, f"{path}.")
    else:
        yield from value_problems(path, value, structure.members[becomes.value])


def _joint_problems(job: JobSettings) -> Iterator[Problem]:
    """What is wrong with the members of the request that are made of several settings."""
    variables, shape = secret_variables(job), member_shape("Environment")
    if job.tuning is None:
        yield from size_problems("environment", {**job.environment, **variables}, shape, "entries")
    else:
        yield from _trial_problems(job, job.tuning)
    for name, (variable, arn) in zip(job.secrets, variables.items(), strict=True):
        yield from value_problems(f"secrets.{name}", variable, shape.key)
        yield from value_problems(f"secrets.{name}", arn, shape.value)
    if job.source is not None:
        channels = [*job.inputs, CODE_CHANNEL]
        yield from size_problems("inputs", channels, member_shape("InputDataConfig"), "items")
        shape = member_shape("AlgorithmSpecification.ContainerArguments")
        arguments = launcher_arguments(job, job.source)
        found = [*value_problems("", arguments, shape)]
        yield from (Problem("source", each.value, each.rule, each.remedy) for each in found)
        if job.tuning is not None and not found:
            yield from _variable_problems(launcher_variable(arguments), job.source)


def _trial_problems(job: JobSettings, tuning: TuningSettings) -> Iterator[Problem]:
    """More hyperparameters or variables than a trial can have, with those that are not settings."""
    launcher = job.source is not None
    added = 1 + len(TOOLKIT_PARAMETERS) * launcher + (tuning.strategy == "hyperband")
    number = len(job.hyperparameters) + len(tuning.ranges) + added
    most = member_shape("HyperParameters").metadata["max"]
    if number > most:
        rule = (
            f"a trial has at most {most} hyperparameters, with those of tuning.ranges and {added} "
            f"that tuning needs, but has {number}"
        )
        yield Problem("hyperparameters", number, rule, "remove some")
    number = len(job.environment) + len(job.secrets) + launcher
    most = definition_shape().members["Environment"].metadata["max"]
    if number > most:
        rule = (
            f"a trial has at most {most} variables, with those of secrets and the launcher's own, "
            f"but has {number}"
        )
        yield Problem("environment", number, rule, "remove some")


def _variable_problems(variable: str, source: SourceSettings) -> Iterator[Problem]:
    """A trial has no arguments: the launcher gets them in a variable."""
    most = definition_shape().members["Environment"].value.metadata["max"]
    if len(variable) > most:
        path = "source.arguments" if source.arguments else "source.entryPoint"
        rule = (
            f"with tuning, the launcher gets its arguments in one variable of at most {most} "
            f"characters, and they have {len(variable)}"
        )
        yield Problem(path, len(variable), rule, "shorten them, or use hyperparameters instead")


def extra_problems(job: JobSettings) -> Iterator[Problem]:
    """What the API refuses of `extra`, and what has a setting of its own, even if it is not set."""
    yield from _extra_problems(job.extra, request_shape(), "", _taken(job))


def always_taken() -> frozenset[str]:
    """The members of the request, by dotted path, that `extra` may set in no job."""
    own = (path for path, (_, when_set) in _members(JobSettings).items() if not when_set)
    return frozenset({*_OF_THE_STACK, *own})


def _taken(job: JobSettings) -> dict[str, str]:
    """The members of the request that `extra` may not set, with what to use instead."""
    unset = {field.key for field in marked_fields(JobSettings) if not getattr(job, field.attribute)}
    return _OF_THE_STACK | {
        path: setting
        for path, (setting, when_set) in _members(JobSettings).items()
        if setting not in unset or not when_set
    }


def _members(section: type[SettingsModel], parent: str = "") -> dict[str, tuple[str, bool]]:
    """The setting that decides each member of the request, and whether only if that is set."""
    members: dict[str, tuple[str, bool]] = {}
    for field in marked_fields(section):
        path = f"{parent}{field.key}"
        members |= {each.path: (path, each.when_set) for each in field.decides}
        if field.becomes:
            members[field.becomes.path] = (path, False)
        elif field.section:
            members |= _members(field.section, f"{path}.")
    return members


def _extra_problems(
    extra: Mapping[str, Any], structure: Any, parent: str, taken: Mapping[str, str]
) -> Iterator[Problem]:
    for key, value in extra.items():
        path = f"{parent}{key}"
        if path in taken:
            rule = "has a setting of its own, and extra may not override it"
            yield Problem(f"extra.{path}", "(set)", rule, f"use {taken[path]}")
        elif isinstance(value, Mapping) and any(each.startswith(f"{path}.") for each in taken):
            yield from _extra_problems(value, structure.members[key], f"{path}.", taken)
        else:
            yield from member_problems(f"extra.{path}", key, value, structure)
